// Conditions as nested groups of rows. Speaks exactly the API's grammar, so that the JSON tab and the builder are one thing.
import { ActionIcon, Button, Group, NumberInput, Select, Stack, TagsInput, TextInput } from "@mantine/core";

import { Glyph } from "./glyph";

export type Condition = Record<string, unknown>;

const fields = ["email", "first_name", "last_name", "phone", "time_zone", "locale", "external_id", "created_at", "updated_at"];
const operators = [
  "equals", "not_equals", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", "greater_than", "greater_or_equal", "less_than",
  "less_or_equal", "exists", "not_exists", "before", "after", "within_last", "not_within_last",
];
const events = ["email_sent", "email_delivered", "email_opened", "email_clicked", "email_bounced", "email_unsubscribed", "consent_granted", "consent_revoked", "segment_membership_changed"];
const kinds = [
  { value: "attribute", label: "Attribute" },
  { value: "event", label: "Event" },
  { value: "tag", label: "Tag" },
  { value: "consent", label: "Consent" },
  { value: "segment", label: "Segment" },
];

function fresh(kind: string): Condition {
  switch (kind) {
    case "event": return { type: "event", event: "email_opened", within: "30d", count: { at_least: 1 } };
    case "tag": return { type: "tag", tag: "" };
    case "consent": return { type: "consent", channel: "email", consent_type: "marketing", status: "granted" };
    case "segment": return { type: "segment", segment_id: "" };
    default: return { type: "attribute", field: "email", operator: "exists" };
  }
}

function groupOf(condition: Condition): { verb: "and" | "or"; items: Condition[] } | null {
  if (Array.isArray(condition.and)) return { verb: "and", items: condition.and as Condition[] };
  if (Array.isArray(condition.or)) return { verb: "or", items: condition.or as Condition[] };
  return null;
}

function typed(text: string): unknown {
  if (text === "true") return true;
  if (text === "false") return false;
  return text.trim() !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
}

function Leaf({ condition, change, segments }: { condition: Condition; change: (next: Condition) => void; segments: { value: string; label: string }[] }) {
  const type = String(condition.type ?? "attribute");
  const operator = String(condition.operator ?? "equals");
  const many = operator === "in" || operator === "not_in";
  const bare = operator === "exists" || operator === "not_exists";
  const amount = (condition.count as { at_least?: number } | undefined)?.at_least ?? 1;
  return (
    <Group gap="xs" align="flex-start" style={{ flex: 1 }}>
      <Select aria-label="What" w={120} data={kinds} value={type} allowDeselect={false} onChange={(kind) => kind && change(fresh(kind))} />
      {type === "attribute" && (
        <>
          <Select aria-label="Field" w={190} searchable data={[...new Set([...fields, String(condition.field ?? "")])].filter(Boolean)} value={String(condition.field ?? "")} allowDeselect={false}
            onChange={(field) => field && change({ ...condition, field })} onBlur={(event) => event.currentTarget.value && change({ ...condition, field: event.currentTarget.value })} />
          <Select aria-label="Operator" w={170} data={operators.map((value) => ({ value, label: value.replaceAll("_", " ") }))} value={operator} allowDeselect={false}
            onChange={(next) => {
              if (!next) return;
              const { value, ...rest } = condition;
              if (next === "exists" || next === "not_exists") change({ ...rest, operator: next });
              else if (next === "in" || next === "not_in") change({ ...rest, operator: next, value: Array.isArray(value) ? value : value ? [value] : [] });
              else change({ ...rest, operator: next, value: Array.isArray(value) ? (value[0] ?? "") : (value ?? "") });
            }} />
          {!bare && (many
            ? <TagsInput aria-label="Values" style={{ flex: "1 1 12rem" }} value={((condition.value as unknown[]) ?? []).map(String)} onChange={(values) => change({ ...condition, value: values.map(typed) })} />
            : <TextInput aria-label="Value" style={{ flex: "1 1 10rem" }} value={String(condition.value ?? "")} onChange={(event) => change({ ...condition, value: typed(event.currentTarget.value) })} />)}
        </>
      )}
      {type === "event" && (
        <>
          <Select aria-label="Event" w={220} searchable data={[...new Set([...events, String(condition.event ?? "")])]} value={String(condition.event ?? "")} allowDeselect={false} onChange={(event) => event && change({ ...condition, event })} />
          <NumberInput aria-label="At least" w={120} min={0} prefix="at least " value={amount} onChange={(value) => change({ ...condition, count: { at_least: Number(value) || 1 } })} />
          <TextInput aria-label="Within" w={120} placeholder="within 30d" value={String(condition.within ?? "")} onChange={(event) => {
            const { within: _, ...rest } = condition;
            change(event.currentTarget.value ? { ...rest, within: event.currentTarget.value } : rest);
          }} />
        </>
      )}
      {type === "tag" && <TextInput aria-label="Tag" style={{ flex: 1 }} value={String(condition.tag ?? "")} onChange={(event) => change({ ...condition, tag: event.currentTarget.value })} />}
      {type === "consent" && (
        <>
          <Select aria-label="Channel" w={110} data={["email", "sms", "push"]} value={String(condition.channel)} allowDeselect={false} onChange={(channel) => change({ ...condition, channel })} />
          <Select aria-label="Purpose" w={150} data={["marketing", "transactional"]} value={String(condition.consent_type)} allowDeselect={false} onChange={(consent_type) => change({ ...condition, consent_type })} />
          <Select aria-label="Status" w={120} data={["granted", "denied", "pending"]} value={String(condition.status)} allowDeselect={false} onChange={(status) => change({ ...condition, status })} />
        </>
      )}
      {type === "segment" && <Select aria-label="Segment" w={260} searchable data={segments} value={String(condition.segment_id ?? "") || null} onChange={(segment_id) => change({ ...condition, segment_id: segment_id ?? "" })} />}
    </Group>
  );
}

export function ConditionBuilder({ condition, change, segments, depth = 0 }: { condition: Condition; change: (next: Condition) => void; segments: { value: string; label: string }[]; depth?: number }) {
  const negated = condition.not as Condition | undefined;
  if (negated) {
    return (
      <Stack gap="xs" className="panel" p="sm">
        <Group justify="space-between"><strong>None of this holds</strong><Button size="compact-xs" variant="subtle" onClick={() => change(negated)}>Turn into “holds”</Button></Group>
        <ConditionBuilder condition={negated} change={(next) => change({ not: next })} segments={segments} depth={depth + 1} />
      </Stack>
    );
  }
  const group = groupOf(condition);
  if (!group) return <Leaf condition={condition} change={change} segments={segments} />;
  const put = (items: Condition[], verb = group.verb) => change({ [verb]: items });
  return (
    <Stack gap="xs" className={depth > 0 ? "panel" : undefined} p={depth > 0 ? "sm" : 0}>
      <Group gap="xs">
        <Select aria-label="All or any" w={170} size="xs" data={[{ value: "and", label: "All of these hold" }, { value: "or", label: "Any of these holds" }]} value={group.verb} allowDeselect={false} onChange={(verb) => put(group.items, verb as "and" | "or")} />
        {depth > 0 && <Button size="compact-xs" variant="subtle" onClick={() => change({ not: condition })}>Negate</Button>}
      </Group>
      {group.items.map((item, index) => (
        <Group key={index} gap="xs" align="flex-start" wrap="nowrap">
          <div style={{ flex: 1, minWidth: 0 }}>
            <ConditionBuilder condition={item} change={(next) => put(group.items.map((old, at) => (at === index ? next : old)))} segments={segments} depth={depth + 1} />
          </div>
          <ActionIcon variant="subtle" color="gray" aria-label="Remove condition" mt={4} onClick={() => put(group.items.filter((_, at) => at !== index))} disabled={group.items.length === 1}><Glyph name="cross" size={16} /></ActionIcon>
        </Group>
      ))}
      <Group gap="xs">
        <Button size="xs" variant="default" leftSection={<Glyph name="plus" size={14} />} onClick={() => put([...group.items, fresh("attribute")])}>Condition</Button>
        {depth < 4 && <Button size="xs" variant="default" leftSection={<Glyph name="plus" size={14} />} onClick={() => put([...group.items, { or: [fresh("attribute")] }])}>Group</Button>}
      </Group>
    </Stack>
  );
}
