// Numbers and times as the reader writes them. Times are shown in the reader's zone; the exact instant is in the tooltip.
const numbers = new Intl.NumberFormat();
const shares = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export const count = (value: number | null | undefined) => (value === null || value === undefined ? "–" : numbers.format(value));
export const share = (part: number, whole: number) => (whole > 0 ? shares.format(part / whole) : "–");
export const moment = (text: string | null | undefined) => (text ? moments.format(new Date(text)) : "–");
export const day = (text: string | null | undefined) => (text ? days.format(new Date(text)) : "–");

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function ago(text: string | null | undefined): string {
  if (!text) return "–";
  const seconds = (new Date(text).getTime() - Date.now()) / 1000;
  for (const [unit, length] of steps) if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  return relative.format(Math.round(seconds), "second");
}

export const words = (text: string) => text.replaceAll("_", " ");
