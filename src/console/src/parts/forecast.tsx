// Who would get it, and who would not: a sum that adds up, and the checks that must be right before a launch.
import { useQuery } from "@tanstack/react-query";

import { Fragment } from "react";

import { api } from "../api";
import { count, duration, moment, words } from "../format";
import { Glyph } from "../kit/glyph";
import { Loading, Problem } from "../kit/page";
import { t } from "../texts";
import type { Campaign } from "../types";

export interface CheckResult {
  name?: string;
  code?: string;
  status?: string;
  verdict?: string;
  ok?: boolean;
  level?: string;
  message?: string;
  detail?: string;
  blocking?: boolean;
}

export interface Forecast {
  audience: number;
  will_send: number;
  checks?: CheckResult[];
  [key: string]: unknown;
}

export const useForecast = (campaign: Campaign, enabled = true) =>
  useQuery({ queryKey: ["forecast", campaign.id, campaign.updated_at], enabled: enabled && campaign.segment_ids.length > 0, staleTime: 20_000, queryFn: () => api.post<Forecast>(`/campaigns/${campaign.id}/forecast`) });

const labels: Record<string, string> = {
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
  const left = Object.entries(forecast).filter(([key, value]) => typeof value === "number" && key in labels) as [string, number][];
  return left.filter(([, value]) => value > 0);
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

const good = (check: CheckResult) => check.ok === true || ["ok", "pass", "passed", "good"].includes(check.status ?? check.verdict ?? check.level ?? "");
const warning = (check: CheckResult) => ["warn", "warning", "hint"].includes(check.status ?? check.verdict ?? check.level ?? "") || check.blocking === false;
export const blocked = (forecast: Forecast | undefined) => (forecast?.checks ?? []).some((check) => !good(check) && !warning(check));

export function Checks({ checks }: { checks: CheckResult[] }) {
  return (
    <ul className="stack tight small">
      {checks.map((check, index) => {
        const fine = good(check);
        const mild = warning(check);
        return (
          <li key={index} className="row top">
            <span className={fine ? "good" : mild ? "warn" : "bad"} style={{ marginTop: 1 }}><Glyph name={fine ? "check" : mild ? "warning" : "cross"} /></span>
            <span className="wrap"><span className="strong">{words(check.name ?? check.code ?? "")}</span>{(check.message ?? check.detail) && <span className="muted"> – {check.message ?? check.detail}</span>}</span>
          </li>
        );
      })}
    </ul>
  );
}

export function finish(campaign: Campaign, forecast: Forecast): string | null {
  const at = forecast.finishes_at ?? forecast.finish_at ?? forecast.estimated_finish_at;
  if (typeof at === "string") return moment(at);
  const seconds = forecast.duration_seconds ?? forecast.estimated_seconds;
  if (typeof seconds === "number") return t("in about {time}", { time: duration(seconds) });
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
