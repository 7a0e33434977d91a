// Conditions of a segment as the API takes them, and what may be asked of which kind of field.
import { t } from "../texts";
import type { Condition } from "../types";

export type Kind = "text" | "instant" | "boolean" | "any";

export const ownFields: Record<string, Kind> = { email: "text", first_name: "text", last_name: "text", phone: "text", time_zone: "text", locale: "text", external_id: "text", tracking: "boolean", created_at: "instant", updated_at: "instant" };
export const kindOf = (field: string): Kind => ownFields[field] ?? "any";

export const operatorNames: Record<string, string> = {
  equals: t("is"), not_equals: t("is not"), in: t("is one of"), not_in: t("is none of"), contains: t("contains"), not_contains: t("does not contain"), starts_with: t("starts with"), ends_with: t("ends with"),
  greater_than: t("is more than"), greater_or_equal: t("is at least"), less_than: t("is less than"), less_or_equal: t("is at most"), between: t("is between"), exists: t("is known"), not_exists: t("is not known"),
  before: t("is before"), after: t("is after"), within_last: t("is within the last"), not_within_last: t("is not within the last"),
};

const forText = ["equals", "not_equals", "contains", "not_contains", "starts_with", "ends_with", "in", "not_in", "exists", "not_exists"];
const forInstant = ["before", "after", "between", "within_last", "not_within_last", "exists", "not_exists"];
export const operatorsOf: Record<Kind, string[]> = {
  text: forText,
  instant: forInstant,
  boolean: ["equals", "not_equals"],
  any: ["equals", "not_equals", "contains", "not_contains", "starts_with", "ends_with", "in", "not_in", "greater_than", "greater_or_equal", "less_than", "less_or_equal", "between", "before", "after", "within_last", "not_within_last", "exists", "not_exists"],
};

export const takesNothing = (operator: string) => operator === "exists" || operator === "not_exists";
export const takesList = (operator: string) => operator === "in" || operator === "not_in";
export const takesTwo = (operator: string) => operator === "between";
export const takesDuration = (operator: string) => operator === "within_last" || operator === "not_within_last";
export const takesDate = (operator: string) => operator === "before" || operator === "after";
const takesNumber = (operator: string) => ["greater_than", "greater_or_equal", "less_than", "less_or_equal"].includes(operator);

// The value an operator starts with, keeping what fits of the old one.
export function startValue(operator: string, old: unknown, kind: Kind): unknown {
  if (takesNothing(operator)) return undefined;
  if (takesList(operator)) return Array.isArray(old) ? old : old === undefined || old === "" ? [] : [old];
  if (takesTwo(operator)) return Array.isArray(old) && old.length === 2 ? old : kind === "instant" ? [today(-30), today(0)] : [0, 100];
  if (takesDuration(operator)) return typeof old === "string" && /^\d+[smhd]$/.test(old) ? old : "30d";
  if (takesDate(operator)) return typeof old === "string" && /^\d{4}-/.test(old) ? old : today(0);
  if (takesNumber(operator)) return typeof old === "number" ? old : 0;
  if (kind === "boolean") return typeof old === "boolean" ? old : true;
  return Array.isArray(old) ? (old[0] ?? "") : (old ?? "");
}

export function today(days: number): string {
  const at = new Date(Date.now() + days * 86_400_000);
  return `${at.toISOString().slice(0, 10)}T00:00:00Z`;
}

export const fresh: Record<string, () => Condition> = {
  attribute: () => ({ type: "attribute", field: "email", operator: "contains", value: "" }),
  event: () => ({ type: "event", event: "email_opened", within: "30d", count: { at_least: 1 } }),
  tag: () => ({ type: "tag", tag: "" }),
  consent: () => ({ type: "consent", channel: "email", consent_type: "marketing", status: "granted" }),
  segment: () => ({ type: "segment", segment_id: "" }),
};

export const eventNames = ["email_sent", "email_delivered", "email_opened", "email_clicked", "email_bounced", "email_complained", "email_unsubscribed"];

// Whether everything is filled in; half-written conditions are not asked of the server.
export function complete(condition: Condition): boolean {
  for (const verb of ["and", "or"]) if (Array.isArray(condition[verb])) return (condition[verb] as Condition[]).length > 0 && (condition[verb] as Condition[]).every(complete);
  if (condition.not) return complete(condition.not as Condition);
  switch (condition.type) {
    case "attribute": {
      if (!condition.field) return false;
      const operator = String(condition.operator);
      if (takesNothing(operator)) return true;
      if (takesList(operator)) return Array.isArray(condition.value) && condition.value.length > 0;
      return condition.value !== "" && condition.value !== undefined && condition.value !== null;
    }
    case "event": return Boolean(condition.event);
    case "tag": return Boolean(condition.tag);
    case "segment": return Boolean(condition.segment_id);
    default: return true;
  }
}

// One sentence for lists and headings.
export function summary(condition: Condition | null, segmentName: (id: string) => string, depth = 0): string {
  if (!condition) return "";
  for (const [verb, word] of [["and", t("and")], ["or", t("or")]] as const) {
    const parts = condition[verb] as Condition[] | undefined;
    if (parts) {
      const text = parts.map((part) => summary(part, segmentName, depth + 1)).join(` ${word} `);
      return depth > 0 && parts.length > 1 ? `(${text})` : text;
    }
  }
  if (condition.not) return t("not ({what})", { what: summary(condition.not as Condition, segmentName, 0) });
  const value = Array.isArray(condition.value) ? condition.value.join(", ") : condition.value === undefined ? "" : String(condition.value);
  switch (condition.type) {
    case "attribute": return `${String(condition.field)} ${operatorNames[String(condition.operator)] ?? condition.operator} ${value}`.trim();
    case "event": {
      const counts = (condition.count ?? {}) as { at_least?: number; at_most?: number };
      return [String(condition.event), counts.at_least !== undefined && counts.at_least !== 1 ? t("at least {n} times", { n: counts.at_least }) : "", counts.at_most !== undefined ? t("at most {n} times", { n: counts.at_most }) : "", condition.within ? t("in {time}", { time: String(condition.within) }) : ""].filter(Boolean).join(" ");
    }
    case "tag": return t("tagged {tag}", { tag: String(condition.tag) });
    case "segment": return t("in {segment}", { segment: segmentName(String(condition.segment_id)) });
    case "consent": return t("{channel} {purpose} is {status}", { channel: String(condition.channel), purpose: String(condition.consent_type), status: String(condition.status) });
    default: return JSON.stringify(condition);
  }
}
