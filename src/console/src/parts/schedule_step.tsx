// When a campaign goes out, as people say it: now, at a time, at a local time of each reader, or again and again.
import { useState } from "react";

import { localInput, moment, zone } from "../format";
import { Check, Field, Select, SelectField, TextField } from "../kit/controls";
import { t } from "../texts";
import type { Campaign } from "../types";
import { useRoutes } from "./routes";

export interface When {
  at?: string;
  local?: string;
  rrule?: string;
  cron?: string;
  start?: string;
  time_zone?: string;
  fallback_time_zone?: string;
}

export const isNow = (when: When) => !when.at && !when.local && !when.rrule && !when.cron;
const zones = typeof Intl.supportedValuesOf === "function" ? ["UTC", ...Intl.supportedValuesOf("timeZone")] : ["UTC", zone];
const dayNames: [string, string][] = [["MO", t("Mon")], ["TU", t("Tue")], ["WE", t("Wed")], ["TH", t("Thu")], ["FR", t("Fri")], ["SA", t("Sat")], ["SU", t("Sun")]];

export function sayWhen(when: When): string {
  if (when.at) return `${moment(when.at)} (${zone})`;
  if (when.local && when.time_zone === "contact") return t("{time}, at each reader's own time", { time: moment(when.local) });
  if (when.local) return `${moment(when.local)} (${when.time_zone ?? "UTC"})`;
  if (when.rrule) {
    const days = /BYDAY=([A-Z,]+)/.exec(when.rrule)?.[1]?.split(",").map((day) => dayNames.find(([id]) => id === day)?.[1] ?? day).join(", ");
    const often = /FREQ=DAILY/.test(when.rrule) ? t("Every day") : /FREQ=WEEKLY/.test(when.rrule) ? t("Every week") : /FREQ=MONTHLY/.test(when.rrule) ? t("Every month") : when.rrule;
    return [often, days, when.start ? t("from {time}", { time: moment(when.start) }) : "", `(${when.time_zone ?? "UTC"})`].filter(Boolean).join(" ");
  }
  if (when.cron) return `${when.cron} (${when.time_zone ?? "UTC"})`;
  return t("Right after the launch");
}

function Again({ when, set }: { when: When; set: (when: When) => void }) {
  const frequency = when.cron ? "CRON" : (/FREQ=(\w+)/.exec(when.rrule ?? "")?.[1] ?? "WEEKLY");
  const days = /BYDAY=([A-Z,]+)/.exec(when.rrule ?? "")?.[1]?.split(",") ?? [];
  const put = (next: string, chosen: string[] = days) => set(next === "CRON" ? { cron: when.cron ?? "0 9 * * 1-5", time_zone: when.time_zone ?? zone } : { rrule: `FREQ=${next}${next === "WEEKLY" && chosen.length ? `;BYDAY=${chosen.join(",")}` : ""}`, start: when.start ?? localInput(new Date(Date.now() + 86_400_000)), time_zone: when.time_zone ?? zone });
  return (
    <div className="stack">
      <SelectField label={t("How often")} value={frequency} change={(value) => put(value)} choices={[{ value: "DAILY", label: t("Every day") }, { value: "WEEKLY", label: t("Every week") }, { value: "MONTHLY", label: t("Every month") }, { value: "CRON", label: t("By a cron line") }]} />
      {frequency === "WEEKLY" && <div className="row wraps" role="group" aria-label={t("Days")}>{dayNames.map(([id, label]) => <Check key={id} label={label} checked={days.includes(id)} change={(on) => put("WEEKLY", dayNames.map(([one]) => one).filter((one) => (one === id ? on : days.includes(one))))} />)}</div>}
      {frequency === "CRON" ? <TextField label={t("Cron line")} className="input mono" value={when.cron ?? ""} change={(cron) => set({ ...when, cron })} /> : <Field label={t("First time")}><input className="input" type="datetime-local" value={(when.start ?? "").slice(0, 16)} onChange={(event) => set({ ...when, start: event.currentTarget.value })} /></Field>}
      <Field label={t("Time zone")}><Select value={when.time_zone ?? zone} change={(time_zone) => set({ ...when, time_zone })} choices={zones.map((one) => ({ value: one, label: one }))} /></Field>
    </div>
  );
}

export function ScheduleStep({ campaign, save }: { campaign: Campaign; save: (change: Partial<Campaign>) => void }) {
  const routes = useRoutes();
  const [pace, setPace] = useState(campaign.throttle_per_minute ? String(campaign.throttle_per_minute) : "");
  const when = campaign.schedule as When;
  const set = (next: When) => save({ schedule: next as Record<string, unknown> });
  const soon = () => new Date(Date.now() + 3_600_000);
  const perReader = routes.has("GET", "/campaigns/{id}/runs");
  const mode = isNow(when) ? "now" : when.at ? "at" : "local";
  return (
    <div className="form">
      {campaign.type === "recurring" ? <Again when={when} set={set} /> : (
        <div className="stack tight" role="radiogroup" aria-label={t("When")}>
          <div className="choice"><Check kind="radio" name="when" checked={mode === "now"} change={() => set({})} label={<span className="strong">{t("Right after the launch")}</span>} hint={routes.has("POST", "/campaigns/{id}/undo") ? t("You have twenty seconds to undo it.") : undefined} /></div>
          <div className="choice">
            <div className="stack tight grow">
              <Check kind="radio" name="when" checked={mode === "at"} change={() => set({ at: soon().toISOString() })} label={<span className="strong">{t("At a time")}</span>} hint={t("Who gets it is decided then, not now.")} />
              {when.at && <Field label={t("Date and time ({zone})", { zone })}><input className="input" type="datetime-local" defaultValue={localInput(new Date(when.at))} min={localInput(new Date())} onBlur={(event) => event.currentTarget.value && set({ at: new Date(event.currentTarget.value).toISOString() })} onChange={(event) => event.currentTarget.value && set({ at: new Date(event.currentTarget.value).toISOString() })} /></Field>}
            </div>
          </div>
          {perReader && (
            <div className="choice">
              <div className="stack tight grow">
                <Check kind="radio" name="when" checked={mode === "local"} change={() => set({ local: localInput(soon()), time_zone: "contact", fallback_time_zone: zone })} label={<span className="strong">{t("At a time of each reader's day")}</span>} hint={t("Nine in the morning in Lisbon and nine in the morning in Tokyo.")} />
                {when.local && <div className="form-row"><Field label={t("Date and time there")}><input className="input" type="datetime-local" value={when.local.slice(0, 16)} onChange={(event) => event.currentTarget.value && set({ ...when, local: event.currentTarget.value })} /></Field><Field label={t("Zone of those without one")}><Select value={when.fallback_time_zone ?? zone} change={(fallback_time_zone) => set({ ...when, fallback_time_zone })} choices={zones.map((one) => ({ value: one, label: one }))} /></Field></div>}
              </div>
            </div>
          )}
        </div>
      )}
      <TextField label={t("At most … messages a minute")} optional hint={t("Empty: as fast as your provider takes them.")} type="number" min={1} inputMode="numeric" value={pace} change={setPace} onBlur={() => save({ throttle_per_minute: pace ? Number(pace) : null })} />
      <Check checked={campaign.tracking} change={(tracking) => save({ tracking })} label={t("Measure opens and clicks")} hint={t("Off: no pixel is put in and links stay as they are. People who object to tracking are never measured.")} />
    </div>
  );
}
