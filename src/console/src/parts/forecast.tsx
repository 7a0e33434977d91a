// Who would get it, and who would not: a sum that adds up, and the checks that must be right before a launch.
import { useQuery } from "@tanstack/react-query";

import { Fragment } from "react";

import { api } from "../api";
import { count, duration, moment, words } from "../format";
import { Glyph } from "../kit/glyph";
import { Loading, Problem } from "../kit/page";
import { t } from "../texts";
import type { Campaign } from "../types";

export interface Finding {
  severity: "error" | "warning";
  code: string;
  message: string;
  pointer?: string;
}

export interface Forecast {
  audience: number;
  will_send: number;
  skipped?: Record<string, number>; // by the gate's reason
  checks?: Finding[];
  rate_per_minute?: number | null;
  limited_by?: string;
  starts_at?: string | null;
  finishes_at?: string | null;
  [key: string]: unknown;
}

export const useForecast = (campaign: Campaign, enabled = true) =>
  useQuery({ queryKey: ["forecast", campaign.id, campaign.updated_at], enabled: enabled && campaign.segment_ids.length > 0, staleTime: 20_000, queryFn: () => api.post<Forecast>(`/campaigns/${campaign.id}/forecast`) });

const labels: Record<string, string> = {
  consent_missing: t("were never asked"),
  consent_denied: t("said no"),
  consent_pending: t("have not confirmed yet"),
  consent_expired: t("agreed too long ago"),
  contact_deleted: t("are gone"),
  frequency_cap: t("had enough mail lately"),
  no_tracking: t("objected to measuring"),
  no_address: t("have no address"),
  suppressed: t("are suppressed"),
  no_consent: t("have not agreed"),
  capped: t("had enough mail lately"),
  frequency_capped: t("had enough mail lately"),
  quiet_hours: t("are in quiet hours"),
  excluded: t("are excluded by segment"),
  duplicate: t("are there twice"),
};

export function refusals(forecast: Forecast): [string, number][] {
  const all = forecast.skipped ? Object.entries(forecast.skipped) : (Object.entries(forecast).filter(([key, value]) => typeof value === "number" && key in labels) as [string, number][]);
  return all.filter(([, value]) => value > 0).sort((a, b) => b[1] - a[1]);
}

export function ForecastSum({ forecast }: { forecast: Forecast }) {
  return (
    <dl className="sum">
      <dt>{t("People in the audience")}</dt><dd className="value">{count(forecast.audience)}</dd>
      {refusals(forecast).map(([key, value]) => <Fragment key={key}><dt className="muted">{labels[key] ?? words(key)}</dt><dd className="value muted">− {count(value)}</dd></Fragment>)}
      <dt className="total">{t("Will get it")}</dt><dd className="value total" data-testid="will-send">{count(forecast.will_send)}</dd>
    </dl>
  );
}

export const blocked = (forecast: Forecast | undefined) => (forecast?.checks ?? []).some((check) => check.severity === "error");

export function Checks({ checks }: { checks: Finding[] }) {
  if (checks.length === 0) return <div className="row small"><span className="good"><Glyph name="check" /></span>{t("All checks pass.")}</div>;
  return (
    <ul className="stack tight small">
      {checks.map((check) => <li key={check.code + (check.pointer ?? "")} className="row top"><span className={check.severity === "error" ? "bad" : "warn"} style={{ marginTop: 2 }}><Glyph name={check.severity === "error" ? "cross" : "warning"} /></span><span className="wrap">{check.message}</span></li>)}
    </ul>
  );
}

const limits: Record<string, string> = { throttle: t("by its own pace"), recent_rate: t("by the speed of the last hour"), schedule: t("by its schedule") };

export function finish(campaign: Campaign, forecast: Forecast): string | null {
  if (forecast.finishes_at) return `${moment(forecast.finishes_at)}${forecast.limited_by && limits[forecast.limited_by] ? ` (${limits[forecast.limited_by]})` : ""}`;
  if (campaign.throttle_per_minute && forecast.will_send) return t("about {time} after it starts", { time: duration((forecast.will_send / campaign.throttle_per_minute) * 60) });
  return null;
}

export function ForecastPanel({ campaign }: { campaign: Campaign }) {
  const forecast = useForecast(campaign);
  if (!campaign.segment_ids.length) return <p className="muted small">{t("Choose a segment to see who would get it.")}</p>;
  if (forecast.isError) return <Problem error={forecast.error} again={() => forecast.refetch()} />;
  if (!forecast.data) return <Loading lines={3} />;
  return <ForecastSum forecast={forecast.data} />;
}
