// Nested conditions, built by picking: groups of all or any, negation, and leaves with the operators that fit their field.
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";

import { api, type List, query } from "../api";
import { words } from "../format";
import { Button, Check, Select } from "../kit/controls";
import { Menu } from "../kit/layers";
import { t } from "../texts";
import type { Campaign, Condition, Contact } from "../types";
import { eventNames, fresh, kindOf, operatorNames, operatorsOf, ownFields, startValue, takesDate, takesDuration, takesList, takesNothing, takesTwo } from "./conditions";
import { SegmentsPicker } from "./pickers";

type Change = (next: Condition) => void;

const usePeopleSeen = () => useQuery({ queryKey: ["known", "attributes"], staleTime: 300_000, queryFn: () => api.get<List<Contact>>(`/contacts${query({ limit: 200 })}`).then((list) => ({ attributes: [...new Set(list.items.flatMap((one) => Object.keys(one.attributes)))].sort(), tags: [...new Set(list.items.flatMap((one) => one.tags))].sort() })) });

const noAttributes: string[] = [];
export const useKnownAttributes = () => usePeopleSeen().data?.attributes ?? noAttributes;

// Keys that contacts and events of this workspace were seen with.
function useKnown() {
  const people = usePeopleSeen();
  const events = useQuery({ queryKey: ["known", "events"], staleTime: 300_000, queryFn: () => api.get<List<{ type: string }>>(`/events${query({ limit: 200 })}`).then((list) => [...new Set([...eventNames, ...list.items.map((one) => one.type)])].sort()) });
  const campaigns = useQuery({ queryKey: ["known", "campaigns"], staleTime: 300_000, queryFn: () => api.get<List<Campaign>>(`/campaigns${query({ limit: 200 })}`).then((list) => list.items) });
  return { attributes: people.data?.attributes ?? [], tags: people.data?.tags ?? [], events: events.data ?? eventNames, campaigns: campaigns.data ?? [] };
}

function Suggested({ label, value, change, options, width = 190, placeholder }: { label: string; value: string; change: (value: string) => void; options: string[]; width?: number; placeholder?: string }) {
  const id = useId();
  return <><input className="input small" aria-label={label} list={id} value={value} placeholder={placeholder} onChange={(event) => change(event.currentTarget.value)} style={{ width }} autoComplete="off" spellCheck={false} /><datalist id={id}>{options.map((one) => <option key={one} value={one} />)}</datalist></>;
}

const units: [string, string][] = [["m", t("minutes")], ["h", t("hours")], ["d", t("days")]];

function DurationInput({ value, change, label }: { value: string; change: (value: string) => void; label: string }) {
  const found = /^(\d+)([smhd])$/.exec(value) ?? ["", "30", "d"];
  return (
    <span className="row tight">
      <input className="input small" type="number" min={1} aria-label={label} value={found[1]} onChange={(event) => change(`${Math.max(1, Number(event.currentTarget.value) || 1)}${found[2]}`)} style={{ width: 68 }} />
      <Select small auto aria-label={t("Unit")} value={found[2] ?? "d"} change={(unit) => change(`${found[1]}${unit}`)} choices={units.map(([id, name]) => ({ value: id, label: name }))} />
    </span>
  );
}

const typeOf = (value: unknown) => (typeof value === "number" ? "number" : typeof value === "boolean" ? "boolean" : "text");
const asType = (type: string, value: unknown): unknown => (type === "number" ? Number(value) || 0 : type === "boolean" ? value === true || value === "true" : String(value ?? ""));

function Value({ condition, change }: { condition: Condition; change: Change }) {
  const operator = String(condition.operator);
  const kind = kindOf(String(condition.field));
  const { value } = condition;
  const set = (next: unknown) => change({ ...condition, value: next });
  if (takesNothing(operator)) return null;
  if (takesDuration(operator)) return <DurationInput label={t("How long")} value={String(value ?? "30d")} change={set} />;
  const date = (text: unknown, put: (text: string) => void, label: string) => <input className="input small" type="date" aria-label={label} value={String(text ?? "").slice(0, 10)} onChange={(event) => event.currentTarget.value && put(`${event.currentTarget.value}T00:00:00Z`)} style={{ width: 150 }} />;
  if (takesDate(operator)) return date(value, set, t("Date"));
  if (takesTwo(operator)) {
    const pair = Array.isArray(value) ? value : [];
    if (kind === "instant" || (typeof pair[0] === "string" && /^\d{4}-/.test(pair[0]))) return <span className="row tight">{date(pair[0], (text) => set([text, pair[1]]), t("From"))}<span className="joint">{t("and")}</span>{date(pair[1], (text) => set([pair[0], text]), t("To"))}</span>;
    const number = (at: number, label: string) => <input className="input small" type="number" aria-label={label} value={String(pair[at] ?? "")} onChange={(event) => set(at === 0 ? [Number(event.currentTarget.value), pair[1]] : [pair[0], Number(event.currentTarget.value)])} style={{ width: 96 }} />;
    return <span className="row tight">{number(0, t("From"))}<span className="joint">{t("and")}</span>{number(1, t("To"))}</span>;
  }
  if (takesList(operator)) return <input className="input small" aria-label={t("Values, separated by commas")} placeholder={t("one, two, three")} defaultValue={Array.isArray(value) ? value.join(", ") : ""} onBlur={(event) => set(event.currentTarget.value.split(",").map((one) => one.trim()).filter(Boolean).map((one) => (kind === "any" && /^-?\d+(\.\d+)?$/.test(one) ? Number(one) : one)))} style={{ width: 240 }} />;
  const type = kind === "boolean" ? "boolean" : typeOf(value);
  const several = kind === "any" && ["equals", "not_equals"].includes(operator);
  return (
    <span className="row tight">
      {several && <Select small auto aria-label={t("Kind of value")} value={type} change={(next) => set(asType(next, value))} choices={[{ value: "text", label: t("text") }, { value: "number", label: t("number") }, { value: "boolean", label: t("yes or no") }]} />}
      {type === "boolean" ? <Select small auto aria-label={t("Value")} value={String(value)} change={(next) => set(next === "true")} choices={[{ value: "true", label: t("yes") }, { value: "false", label: t("no") }]} />
        : <input className="input small" aria-label={t("Value")} type={type === "number" ? "number" : "text"} value={String(value ?? "")} onChange={(event) => set(type === "number" ? (event.currentTarget.value === "" ? "" : Number(event.currentTarget.value)) : event.currentTarget.value)} style={{ width: type === "number" ? 110 : 190 }} />}
    </span>
  );
}

function FieldAndOperator({ condition, change, fields }: { condition: Condition; change: Change; fields: string[] }) {
  const field = String(condition.field ?? "");
  const kind = kindOf(field);
  const setField = (next: string) => {
    const operators = operatorsOf[kindOf(next)];
    const operator = operators.includes(String(condition.operator)) ? String(condition.operator) : (operators[0] ?? "equals");
    change(withValue({ ...condition, field: next, operator }, operator, kindOf(next)));
  };
  const withValue = (next: Condition, operator: string, of: typeof kind): Condition => {
    const { value: _, ...rest } = next;
    const value = startValue(operator, condition.value, of);
    return value === undefined ? rest : { ...rest, value };
  };
  return (
    <>
      <Suggested label={t("Field")} value={field} change={setField} options={fields} placeholder={t("field or attributes.key")} />
      <Select small auto aria-label={t("Comparison")} value={String(condition.operator)} change={(operator) => change(withValue({ ...condition, operator }, operator, kind))} choices={operatorsOf[kind].map((one) => ({ value: one, label: operatorNames[one] ?? one }))} />
      <Value condition={condition} change={change} />
    </>
  );
}

function EventLeaf({ condition, change }: { condition: Condition; change: Change }) {
  const known = useKnown();
  const counts = (condition.count ?? {}) as { at_least?: number; at_most?: number };
  const where = (condition.where ?? null) as Condition | null;
  const parts = where ? Object.entries(where) : [];
  const put = (key: string, value: unknown) => {
    const next = { ...condition, [key]: value };
    if (value === undefined) delete next[key];
    change(next);
  };
  const never = counts.at_most === 0;
  return (
    <span className="condition">
      <Select small auto aria-label={t("Did or did not")} value={never ? "never" : "did"} change={(value) => put("count", value === "never" ? { at_least: 0, at_most: 0 } : { at_least: 1 })} choices={[{ value: "did", label: t("did") }, { value: "never", label: t("did not") }]} />
      <Suggested label={t("Event")} value={String(condition.event ?? "")} change={(event) => put("event", event)} options={known.events} />
      {!never && <span className="row tight"><span className="joint">{t("at least")}</span><input className="input small" type="number" min={1} aria-label={t("At least how often")} value={counts.at_least ?? 1} onChange={(event) => put("count", { ...counts, at_least: Math.max(1, Number(event.currentTarget.value) || 1) })} style={{ width: 62 }} /><span className="joint">{t("times")}</span></span>}
      <Select small auto aria-label={t("When")} value={condition.within ? "within" : "ever"} change={(value) => put("within", value === "within" ? "30d" : undefined)} choices={[{ value: "within", label: t("in the last") }, { value: "ever", label: t("at any time") }]} />
      {Boolean(condition.within) && <DurationInput label={t("Within how long")} value={String(condition.within)} change={(value) => put("within", value)} />}
      {String(condition.event).startsWith("email_") && <Select small auto aria-label={t("Of campaign")} value={String(condition.campaign_id ?? "")} change={(value) => put("campaign_id", value || undefined)} placeholder={t("of any campaign")} choices={known.campaigns.map((one) => ({ value: one.id, label: one.name }))} style={{ maxWidth: 190 }} />}
      {parts.map(([key, value]) => (
        <span key={key} className="row tight"><span className="joint">{t("with")}</span><input className="input small" aria-label={t("Property")} defaultValue={key} onBlur={(event) => { const { [key]: _, ...rest } = where ?? {}; put("where", { ...rest, [event.currentTarget.value || key]: value }); }} style={{ width: 110 }} /><span className="joint">=</span><input className="input small" aria-label={t("Value")} value={String(value)} onChange={(event) => put("where", { ...where, [key]: event.currentTarget.value })} style={{ width: 120 }} />
          <Button look="ghost" small icon="cross" label={t("Remove")} onClick={() => { const { [key]: _, ...rest } = where ?? {}; put("where", Object.keys(rest).length ? rest : undefined); }} /></span>
      ))}
      {!String(condition.event).startsWith("email_") && <Button look="ghost" small icon="plus" onClick={() => put("where", { ...where, [`property_${parts.length + 1}`]: "" })}>{t("property")}</Button>}
    </span>
  );
}

function Leaf({ condition, change }: { condition: Condition; change: Change }) {
  const known = useKnown();
  switch (condition.type) {
    case "attribute": return <span className="condition"><FieldAndOperator condition={condition} change={change} fields={[...Object.keys(ownFields), ...known.attributes.map((key) => `attributes.${key}`)]} /></span>;
    case "event": return <EventLeaf condition={condition} change={change} />;
    case "tag": return <span className="condition"><span className="joint">{t("has the tag")}</span><Suggested label={t("Tag")} value={String(condition.tag ?? "")} change={(tag) => change({ ...condition, tag })} options={known.tags} /></span>;
    case "consent":
      return (
        <span className="condition">
          <span className="joint">{t("consent to")}</span>
          <Select small auto aria-label={t("Channel")} value={String(condition.channel)} change={(channel) => change({ ...condition, channel })} choices={["email", "sms", "push"].map((one) => ({ value: one, label: words(one) }))} />
          <Select small auto aria-label={t("Purpose")} value={String(condition.consent_type)} change={(consent_type) => change({ ...condition, consent_type })} choices={["marketing", "transactional"].map((one) => ({ value: one, label: words(one).toLowerCase() }))} />
          <span className="joint">{t("is")}</span>
          <Select small auto aria-label={t("Status")} value={String(condition.status)} change={(status) => change({ ...condition, status })} choices={["granted", "denied", "pending"].map((one) => ({ value: one, label: words(one).toLowerCase() }))} />
        </span>
      );
    case "segment": return <span className="condition"><span className="joint">{t("is in segment")}</span><span style={{ width: 260 }}><SegmentsPicker hideLabel label={t("Segment")} many={false} placeholder={t("Find a segment…")} ids={condition.segment_id ? [String(condition.segment_id)] : []} change={(ids) => change({ ...condition, segment_id: ids[0] ?? "" })} /></span></span>;
    default: return <code>{JSON.stringify(condition)}</code>;
  }
}

const kinds: [string, string][] = [["attribute", t("Field or attribute")], ["event", t("Something they did")], ["tag", t("Tag")], ["consent", t("Consent")], ["segment", t("Another segment")]];
const groupOf = (condition: Condition) => (Array.isArray(condition.and) ? { verb: "and" as const, items: condition.and as Condition[] } : Array.isArray(condition.or) ? { verb: "or" as const, items: condition.or as Condition[] } : null);

export const asGroup = (condition: Condition | null): Condition => (!condition || Object.keys(condition).length === 0 ? { and: [] } : groupOf(condition) ? condition : { and: [condition] });

function Negated({ children, change }: { children: ReactNode; change: () => void }) {
  return <div className="group-box" style={{ borderStyle: "dashed" }}><div className="row between"><Check checked label={<span className="joint">{t("The opposite of this")}</span>} change={change} /></div>{children}</div>;
}

export function ConditionBuilder({ condition, change, depth = 0, remove }: { condition: Condition; change: Change; depth?: number; remove?: () => void }) {
  const inner = condition.not as Condition | undefined;
  if (inner) return <Negated change={() => change(inner)}><ConditionBuilder condition={inner} change={(next) => change({ not: next })} depth={depth + 1} remove={remove} /></Negated>;
  const group = groupOf(condition);
  const opposite = (at: Condition, put: Change): ReactNode => <Button look="ghost" small label={t("Turn into the opposite")} icon="undo" onClick={() => put({ not: at })} />;
  if (!group) return <div className="row top between"><Leaf condition={condition} change={change} /><span className="row tight">{opposite(condition, change)}{remove && <Button look="ghost" small icon="cross" label={t("Remove condition")} onClick={remove} />}</span></div>;
  const put = (items: Condition[], verb: string = group.verb) => change({ [verb]: items });
  const add = (kind: string) => put([...group.items, kind === "group" ? { [group.verb === "and" ? "or" : "and"]: [(fresh.attribute as () => Condition)()] } : (fresh[kind] as () => Condition)()]);
  return (
    <div className="group-box">
      <div className="row between wraps">
        <Select small auto aria-label={t("All or any")} value={group.verb} change={(verb) => put(group.items, verb)} choices={[{ value: "and", label: t("All of these hold") }, { value: "or", label: t("Any of these holds") }]} />
        {depth > 0 && <span className="row tight">{opposite(condition, change)}{remove && <Button look="ghost" small icon="cross" label={t("Remove group")} onClick={remove} />}</span>}
      </div>
      {group.items.map((item, index) => (
        <div key={index} className="stack snug">
          {index > 0 && <span className="joint">{group.verb === "and" ? t("and") : t("or")}</span>}
          <ConditionBuilder condition={item} depth={depth + 1} change={(next) => put(group.items.map((old, at) => (at === index ? next : old)))} remove={() => put(group.items.filter((_, at) => at !== index))} />
        </div>
      ))}
      {group.items.length === 0 && <span className="muted small">{t("No condition yet: add the first one.")}</span>}
      <div>
        <Menu end={false} label={t("Add a condition")} trigger={(open) => <Button small icon="plus" aria-haspopup="menu" aria-expanded={open}>{t("Add a condition")}</Button>}
          items={[...kinds.map(([kind, label]) => ({ label, run: () => add(kind) })), depth < 4 && { label: t("Group"), rule: true, run: () => add("group") }]} />
      </div>
    </div>
  );
}
