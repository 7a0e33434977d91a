// Numbers and times as the reader writes them. Times are shown in the reader's zone; the exact instant and zone are on hover.
import { t } from "./texts";

const numbers = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const shares = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const clocks = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const shortDays = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

type Text = string | null | undefined;

export const none = "–";
export const count = (value: number | null | undefined) => (value === null || value === undefined ? none : numbers.format(value));
export const brief = (value: number | null | undefined) => (value === null || value === undefined ? none : Math.abs(value) < 10_000 ? numbers.format(value) : compact.format(value));
export const share = (part: number, whole: number) => (whole > 0 ? shares.format(part / whole) : none);
export const moment = (text: Text) => (text ? moments.format(new Date(text)) : none);
export const instant = (text: Text) => (text ? `${exact.format(new Date(text))}\n${text}` : "");
export const clock = (text: Text) => (text ? clocks.format(new Date(text)) : none);
export const day = (text: Text) => (text ? days.format(new Date(text)) : none);
export const shortDay = (text: Text) => (text ? shortDays.format(new Date(text)) : none);
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const steps: [Intl.RelativeTimeFormatUnit, number][] = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60]];

export function ago(text: Text): string {
  if (!text) return none;
  const seconds = (new Date(text).getTime() - Date.now()) / 1000;
  for (const [unit, length] of steps) if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  return Math.abs(seconds) < 10 ? t("just now") : relative.format(Math.round(seconds), "second");
}

// 95 -> "1 min 35 s", for what will take a while.
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return t("{n} s", { n: s });
  if (s < 3600) return t("{m} min {s} s", { m: Math.floor(s / 60), s: s % 60 });
  if (s < 86_400) return t("{h} h {m} min", { h: Math.floor(s / 3600), m: Math.floor((s % 3600) / 60) });
  return t("{d} d {h} h", { d: Math.floor(s / 86_400), h: Math.floor((s % 86_400) / 3600) });
}

// "no_consent" -> "No consent"; sentences stay as they are.
export function words(text: string): string {
  if (text === "sms") return "SMS";
  const spaced = /\s/.test(text) ? text : text.replaceAll("_", " ").replaceAll(".", " · ");
  return t(spaced.charAt(0).toUpperCase() + spaced.slice(1));
}

export const bytes = (n: number) => (n < 1024 ? `${n} B` : n < 1_048_576 ? `${numbers.format(Math.round(n / 1024))} kB` : `${numbers.format(Math.round(n / 104_857.6) / 10)} MB`);

// A moment as <input type="datetime-local"> wants it, in the reader's zone.
export function localInput(date: Date): string {
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}
