// A segment: who belongs to it, counted while it is being built; its members, and why somebody is in or out.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { api, ApiError, type List, query } from "../api";
import { clock, count, moment, shortDay } from "../format";
import { TimeChart } from "../kit/chart";
import { Button, Check, Segmented, TextField } from "../kit/controls";
import { Glyph } from "../kit/glyph";
import { ask, Menu } from "../kit/layers";
import { Empty, Loading, Notice, Page, Problem, Section, Tabs, useFilter, useTab, When } from "../kit/page";
import { type Item, useLater } from "../kit/picker";
import { ListTable } from "../kit/table";
import { say, sayProblem } from "../kit/toast";
import { AuditOf } from "../parts/audit_table";
import { asGroup, ConditionBuilder } from "../parts/condition_builder";
import { complete } from "../parts/conditions";
import { contactItem, ContactPicker } from "../parts/pickers";
import { explainable, useRoutes } from "../parts/routes";
import { mayWrite, useSession } from "../session";
import { t, tn } from "../texts";
import { type Condition, type Contact, personName, type Segment } from "../types";

// Only who looks at the JSON pays for the editor.
const CodeEditor = lazy(() => import("../parts/code_editor").then((room) => ({ default: room.CodeEditor })));

interface Person {
  id: string;
  contact_id: string;
  email: string | null;
  first_name: string | null;
  last_name: string | null;
  added_at: string | null;
}

function Live({ conditions }: { conditions: Condition }) {
  const later = useLater(conditions, 220);
  const ready = complete(later);
  const preview = useQuery({ queryKey: ["segment-preview", later], enabled: ready, placeholderData: keepPreviousData, staleTime: 10_000, queryFn: () => api.post<{ count: number; approximate?: boolean; sample: Person[] }>("/segments/preview", { conditions: later }) });
  const problem = preview.error instanceof ApiError ? preview.error : null;
  if (!ready) return <p className="muted small">{t("Fill in the conditions to see who fits.")}</p>;
  if (preview.isError && !preview.data) return <Problem error={preview.error} />;
  if (!preview.data) return <Loading lines={3} />;
  return (
    <div className="stack" style={{ opacity: preview.isPlaceholderData ? 0.6 : 1 }} aria-live="polite">
      <div><div style={{ fontSize: 30, lineHeight: "38px", fontWeight: 640, letterSpacing: "-.02em" }} className="number" data-testid="live-count">{preview.data.approximate && <span title={t("about")}>≈ </span>}{count(preview.data.count)}</div><div className="muted small">{tn("person fits now", "people fit now", preview.data.count)}</div></div>
      {problem && <Notice tone="red">{problem.message}</Notice>}
      {preview.data.sample.length > 0 && (
        <ul className="card lines small">{preview.data.sample.slice(0, 8).map((person) => <li key={person.contact_id ?? person.id}><Link className="cut" style={{ color: "var(--text)" }} to={`/contacts/${person.contact_id ?? person.id}`}>{person.email ?? person.id}</Link><span className="faint push cut">{personName(person)}</span></li>)}</ul>
      )}
    </div>
  );
}

function Builder({ conditions, setConditions, problem }: { conditions: Condition; setConditions: (next: Condition) => void; problem?: ApiError | null }) {
  const [view, setView] = useState<"build" | "json">("build");
  const [text, setText] = useState("");
  const [broken, setBroken] = useState<string | null>(null);
  const show = (next: "build" | "json") => {
    setText(JSON.stringify(conditions, null, 2));
    setBroken(null);
    setView(next);
  };
  const type = (next: string) => {
    setText(next);
    try {
      const parsed = JSON.parse(next) as Condition;
      setBroken(null);
      setConditions(parsed);
    } catch (error) {
      setBroken(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Section title={t("Who belongs to it")} actions={<Segmented label={t("How to edit")} value={view} change={show} choices={[{ value: "build", label: t("Builder") }, { value: "json", label: "JSON" }]} />}>
      {problem && problem.fields.length > 0 && <Problem error={problem} />}
      {view === "build" ? <ConditionBuilder condition={asGroup(conditions)} change={setConditions} /> : <><Suspense fallback={<Loading />}><CodeEditor language="json" label={t("Conditions as JSON")} value={text} change={type} height={360} /></Suspense>{broken && <Notice tone="red">{broken}</Notice>}</>}
    </Section>
  );
}

function NewSegment() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [dynamic, setDynamic] = useState(true);
  const [conditions, setConditions] = useState<Condition>({ and: [{ type: "attribute", field: "email", operator: "exists" }] });
  const create = useMutation({
    mutationFn: () => api.post<Segment>("/segments", { name: name.trim(), description, is_dynamic: dynamic, ...(dynamic && { conditions }) }),
    onSuccess: (segment) => {
      client.invalidateQueries({ queryKey: ["segments"] });
      client.invalidateQueries({ queryKey: ["list", "/segments"] });
      say(t("Segment made"));
      navigate(`/segments/${segment.id}`, { replace: true });
    },
  });
  const problem = create.error instanceof ApiError ? create.error : null;
  return (
    <Page title={t("New segment")} crumb={{ to: "/segments", label: t("Segments") }} actions={<Button look="primary" type="submit" form="new-segment" busy={create.isPending} disabled={!name.trim() || (dynamic && !complete(conditions))}>{t("Create segment")}</Button>}>
      <div className="split">
        <form id="new-segment" className="stack" onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
          {create.isError && !problem?.fields.length && <Problem error={create.error} />}
          <div className="form-row"><TextField label={t("Name")} required autoFocus maxLength={255} value={name} change={setName} error={problem?.field("name")} /><TextField label={t("Description")} optional value={description} change={setDescription} /></div>
          <div className="form-row" role="radiogroup" aria-label={t("Kind")}>
            <div className="choice"><Check kind="radio" name="dynamic" checked={dynamic} change={() => setDynamic(true)} label={<span className="strong">{t("By conditions")}</span>} hint={t("Members come and go by themselves.")} /></div>
            <div className="choice"><Check kind="radio" name="dynamic" checked={!dynamic} change={() => setDynamic(false)} label={<span className="strong">{t("By hand")}</span>} hint={t("You or an import put people in.")} /></div>
          </div>
          {dynamic && <Builder conditions={conditions} setConditions={setConditions} problem={problem} />}
        </form>
        {dynamic && <Section title={t("Right now")}><Live conditions={conditions} /></Section>}
      </div>
    </Page>
  );
}

// What the server found for each part of the conditions, in the order in which they stand.
interface Finding {
  pointer: string;
  question: string;
  holds: boolean;
  read: unknown;
}

interface Explanation {
  member: boolean;
  fits: boolean | null;
  events_cut: boolean;
  findings: Finding[];
}

const asked: Record<string, string> = { and: t("All of these hold"), or: t("Any of these holds"), not: t("The opposite of this") };
// What an event condition read: how often, and when the last time.
const happened = (value: unknown): value is { count: number; newest: string | null } => typeof value === "object" && value !== null && typeof (value as { count?: unknown }).count === "number";
function seen(value: unknown): string {
  if (value === null || value === undefined) return t("nothing");
  if (happened(value)) return [tn("{n} time", "{n} times", value.count), value.newest ? t("the last {time}", { time: moment(value.newest) }) : ""].filter(Boolean).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Findings({ findings }: { findings: Finding[] }) {
  // "/conditions/and/0/or/1": two groups deep.
  const depth = (finding: Finding) => finding.pointer.split("/").filter((part) => part in asked).length;
  return (
    <ul className="card pad stack tight small" data-testid="segment-explain">
      {findings.map((finding) => (
        <li key={finding.pointer} className="row top" style={{ paddingLeft: depth(finding) * 22 }}>
          <span className={finding.holds ? "good" : "bad"} style={{ marginTop: 2 }}><Glyph name={finding.holds ? "check" : "cross"} /></span>
          <span className="wrap"><span className="hidden-text">{finding.holds ? t("holds:") : t("does not hold:")} </span>{asked[finding.question] ?? finding.question}{!(finding.question in asked) && <span className="muted"> · {t("found {what}", { what: seen(finding.read) })}</span>}</span>
        </li>
      ))}
    </ul>
  );
}

function ExplainTab({ segment }: { segment: Segment }) {
  const [contactId, setContactId] = useFilter("contact");
  const person = useQuery({ queryKey: ["contact", contactId], enabled: Boolean(contactId), queryFn: () => api.get<Contact>(`/contacts/${contactId}`) });
  const explained = useQuery({ queryKey: ["explain-segment", segment.id, segment.updated_at, contactId], enabled: Boolean(contactId), queryFn: () => api.get<Explanation>(`/segments/${segment.id}/explain${query({ contact_id: contactId })}`) });
  const chosen: Item[] = person.data ? [contactItem(person.data)] : [];
  return (
    <div className="stack" style={{ maxWidth: 720 }}>
      <ContactPicker label={t("Why is this contact in, or not?")} placeholder={t("Find a contact…")} chosen={chosen} change={(items) => setContactId(items[0]?.value ?? null)} />
      {contactId && (explained.isError ? <Problem error={explained.error} /> : !explained.data ? <Loading lines={3} /> : (
        <>
          <Notice tone={explained.data.member ? "green" : "yellow"} title={explained.data.member ? t("Is in this segment") : t("Is not in this segment")}>
            {explained.data.fits !== null && explained.data.fits !== explained.data.member && <span>{explained.data.fits ? t("Fits the conditions now: the next count puts them in.") : t("Does not fit any more: the next count takes them out.")}</span>}
            {explained.data.events_cut && <span> {t("Only the latest events were looked at.")}</span>}
          </Notice>
          <Findings findings={explained.data.findings} />
        </>
      ))}
      {!contactId && <Empty icon="question" title={t("Pick somebody")}>{t("Every condition is shown with what was found for this person.")}</Empty>}
    </div>
  );
}

function Members({ segment }: { segment: Segment }) {
  const session = useSession();
  const routes = useRoutes();
  const client = useQueryClient();
  const refresh = () => {
    for (const key of [["list", `/segments/${segment.id}/members`], ["segment", segment.id], ["segments"]]) client.invalidateQueries({ queryKey: key });
  };
  const put = (id: string) => api.put(`/segments/${segment.id}/members/${id}`);
  const add = (items: Item[]) => {
    const item = items[0];
    if (item) void put(item.value).then(() => { refresh(); say(t("{name} is in", { name: item.label })); }, sayProblem);
  };
  const remove = (person: Person) => void api.remove(`/segments/${segment.id}/members/${person.contact_id}`).then(() => { refresh(); say(t("Taken out"), { label: t("Undo"), run: () => void put(person.contact_id).then(refresh, sayProblem) }); }, sayProblem);
  const byHand = !segment.is_dynamic && mayWrite(session);
  return (
    <div className="stack tight">
      {byHand && <div style={{ maxWidth: 420 }}><ContactPicker label={t("Put somebody in")} hideLabel placeholder={t("Find a contact to put in…")} chosen={[]} change={add} /></div>}
      <ListTable<Person> path={`/segments/${segment.id}/members`} label={t("Members")} limit={100} total={segment.member_count} empty={<Empty icon="people" title={t("Nobody is in it")}>{segment.is_dynamic ? t("Nobody fits the conditions, or it has not been counted yet.") : t("Put people in above, or let an import do it.")}</Empty>}
        columns={[
          { key: "email", title: t("Contact"), cell: (person) => <Link className="main cut" to={`/contacts/${person.contact_id}`}>{person.email ?? person.contact_id}</Link> },
          { key: "name", title: t("Name"), hide: "wide-only", cell: (person) => personName(person) || <span className="faint">–</span> },
          { key: "added", title: t("In it since"), fit: true, cell: (person) => <When at={person.added_at} /> },
          ...(segment.is_dynamic ? !explainable(routes) ? [] : [{ key: "why", title: "", fit: true, cell: (person: Person) => <Link to={`/segments/${segment.id}?tab=explain&contact=${person.contact_id}`}>{t("Why?")}</Link> }] : byHand ? [{ key: "out", title: "", fit: true, cell: (person: Person) => <Button small look="ghost" icon="cross" label={t("Take {name} out", { name: person.email ?? "" })} onClick={() => remove(person)} /> }] : []),
        ]} />
    </div>
  );
}

function Growth({ segment }: { segment: Segment }) {
  const routes = useRoutes();
  const growth = useQuery({ queryKey: ["growth", segment.id, segment.last_calculated_at], enabled: routes.has("GET", "/segments/{id}/history"), queryFn: () => api.get<List<{ calculated_at: string; member_count: number; joined: number; departed: number }>>(`/segments/${segment.id}/history${query({ limit: 100 })}`).then((list) => list.items) });
  if (!growth.data || growth.data.length < 2) return null;
  const days = new Set(growth.data.map((row) => row.calculated_at.slice(0, 10))).size;
  const points = [...growth.data].reverse().map((row) => ({ at: row.calculated_at, label: days > 3 ? shortDay(row.calculated_at) : `${shortDay(row.calculated_at)} ${clock(row.calculated_at)}`, values: { members: row.member_count, joined: row.joined, departed: row.departed } }));
  return <Section title={t("Growth")} note={t("at each count")}><div className="card pad"><TimeChart title={t("Growth")} height={180} points={points} series={[{ key: "joined", label: t("Joined"), colour: "var(--chart-2)", kind: "bar" }, { key: "departed", label: t("Left"), colour: "var(--chart-4)", kind: "bar" }, { key: "members", label: t("Members"), colour: "var(--chart-1)" }]} /></div></Section>;
}

function OneSegment({ id }: { id: string }) {
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const routes = useRoutes();
  // While a count is awaited: when the one before it was made.
  const [counting, setCounting] = useState<string | null>(null);
  const segment = useQuery({ queryKey: ["segment", id], queryFn: () => api.get<Segment>(`/segments/${id}`), refetchOnWindowFocus: false, refetchInterval: (found) => (counting !== null && (found.state.data?.last_calculated_at ?? "") === counting ? 700 : false) });
  const [draft, setDraft] = useState<Condition | null>(null);
  const explains = explainable(routes);
  const dynamic = segment.data?.is_dynamic ?? true;
  const tabs = [
    ...(dynamic ? [{ value: "conditions", label: t("Conditions") }] : []),
    { value: "members", label: t("Members"), n: segment.data ? count(segment.data.member_count) : undefined },
    ...(dynamic && (explains || !routes.known) ? [{ value: "explain", label: t("Explain") }] : []),
    { value: "history", label: t("History") },
  ];
  const [tab, setTab] = useTab(tabs);
  const save = useMutation({
    mutationFn: (wanted: Partial<Segment>) => api.patch<Segment>(`/segments/${id}`, wanted),
    onSuccess: (saved) => {
      client.setQueryData(["segment", id], saved);
      client.invalidateQueries({ queryKey: ["segments"] });
      client.invalidateQueries({ queryKey: ["list", `/segments/${id}/members`] });
      setDraft(null);
      setCounting(saved.last_calculated_at ?? "");
      say(t("Saved"));
    },
  });
  const recount = useMutation({
    mutationFn: () => api.post<Segment>(`/segments/${id}/recalculate`),
    onSuccess: () => {
      say(t("It is being counted"));
      setCounting(segment.data?.last_calculated_at ?? "");
    },
    onError: sayProblem,
  });
  useEffect(() => {
    setDraft(null);
  }, [id]);
  const page = (title: string, body: React.ReactNode) => <Page title={title} crumb={{ to: "/segments", label: t("Segments") }}>{body}</Page>;
  if (segment.isError && !segment.data) return page(t("Segment"), <Problem error={segment.error} again={() => segment.refetch()} />);
  if (!segment.data) return page(t("Segment"), <Loading lines={8} />);
  const s = segment.data;
  const conditions = draft ?? s.conditions ?? { and: [] };
  const changed = draft !== null && JSON.stringify(draft) !== JSON.stringify(s.conditions);
  const problem = save.error instanceof ApiError ? save.error : null;
  const remove = async () => {
    if (!(await ask({ title: t("Delete this segment?"), text: t("“{name}” is removed. Its members stay as contacts.", { name: s.name }), yes: t("Delete"), danger: true }))) return;
    api.remove(`/segments/${id}`).then(() => { client.invalidateQueries({ queryKey: ["segments"] }); client.invalidateQueries({ queryKey: ["list", "/segments"] }); say(t("Deleted")); navigate("/segments"); }, sayProblem);
  };
  return (
    <Page title={s.name} crumb={{ to: "/segments", label: t("Segments") }} note={<>{s.description && <span>{s.description} · </span>}{tn("{n} member", "{n} members", s.member_count)}{s.last_calculated_at && <> · {t("counted")} <When at={s.last_calculated_at} /></>}</>}
      actions={<>
        {changed && <><Button look="ghost" onClick={() => setDraft(null)}>{t("Discard")}</Button><Button look="primary" busy={save.isPending} disabled={!complete(conditions)} onClick={() => save.mutate({ conditions })}>{t("Save")}</Button></>}
        {mayWrite(session) && s.is_dynamic && !changed && <Button icon="refresh" busy={recount.isPending} onClick={() => recount.mutate()}>{t("Count again")}</Button>}
        <Menu label={t("More")} items={[{ label: t("Show in contacts"), icon: "people", to: `/contacts?segment=${id}` }, mayWrite(session) && { label: t("Use in a campaign"), icon: "send", run: () => void api.post<{ id: string }>("/campaigns", { name: t("To {name}", { name: s.name }).slice(0, 255), type: "broadcast", segment_ids: [id] }).then((made) => navigate(`/campaigns/${made.id}?step=content`), sayProblem) }, mayWrite(session) && { label: t("Delete…"), icon: "trash", danger: true, rule: true, run: remove }]} />
      </>}>
      <div className="stack">
        {s.calculation_error && <Notice tone="red" title={t("It could not be counted")}>{s.calculation_error}</Notice>}
        <Tabs label={t("Parts")} tabs={tabs} value={tab} change={setTab} />
        {tab === "conditions" && (
          <div className="split">
            <div className="stack loose">{problem && !problem.fields.length && <Problem error={problem} />}<Builder conditions={conditions} setConditions={setDraft} problem={problem} /><Growth segment={s} /></div>
            <Section title={changed ? t("With your changes") : t("Right now")}><Live conditions={conditions} /></Section>
          </div>
        )}
        {tab === "members" && <><Members segment={s} />{!s.is_dynamic && <Growth segment={s} />}</>}
        {tab === "explain" && <ExplainTab segment={s} />}
        {tab === "history" && <AuditOf type="segment" id={id} />}
      </div>
    </Page>
  );
}

export default function SegmentPage() {
  const { id = "" } = useParams();
  return id === "new" ? <NewSegment /> : <OneSegment key={id} id={id} />;
}

