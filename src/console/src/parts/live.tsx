// What a campaign is doing right now: its report read again while it sends, and the speed seen between two readings.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { api } from "../api";
import { count, duration, share } from "../format";
import { PartsBar } from "../kit/chart";
import { t } from "../texts";
import type { Campaign, Report } from "../types";

export const isLive = (status: string | undefined) => status === "active";
const waiting = (report: Report) => report.queued + report.sending;
export const ended = (report: Report) => Math.max(0, report.audience - waiting(report));

export function useReport(id: string, live: boolean, enabled = true) {
  return useQuery({ queryKey: ["report", id], enabled, queryFn: () => api.get<Report>(`/campaigns/${id}/report`), refetchInterval: live ? 1_500 : false });
}

// Messages a second over the last readings.
function useSpeed(done: number | undefined) {
  const seen = useRef<{ at: number; done: number }[]>([]);
  const [speed, setSpeed] = useState(0);
  useEffect(() => {
    if (done === undefined) return;
    const now = Date.now();
    seen.current = [...seen.current.filter((one) => now - one.at < 20_000), { at: now, done }];
    const first = seen.current[0];
    if (first && now > first.at) setSpeed(((done - first.done) * 1000) / (now - first.at));
  }, [done]);
  return speed;
}

export const endStates = (report: Report) => [
  { key: "sent", label: t("Sent"), value: report.sent, colour: "var(--chart-2)" },
  { key: "sending", label: t("Sending"), value: report.sending, colour: "var(--chart-1)" },
  { key: "queued", label: t("Waiting"), value: report.queued, colour: "var(--pressed)" },
  { key: "skipped", label: t("Skipped"), value: report.skipped, colour: "var(--chart-3)" },
  { key: "uncertain", label: t("Uncertain"), value: report.uncertain, colour: "#a97bd6" },
  { key: "failed", label: t("Failed"), value: report.failed, colour: "var(--chart-4)" },
  { key: "canceled", label: t("Canceled"), value: report.canceled, colour: "var(--chart-5)" },
];

export function Progress({ campaign, report }: { campaign: Campaign; report: Report }) {
  const done = ended(report);
  const speed = useSpeed(done);
  const left = report.audience - done;
  const paced = campaign.throttle_per_minute ? campaign.throttle_per_minute / 60 : 0;
  const rate = speed > 0.2 ? speed : paced;
  return (
    <div className="stack tight" data-testid="progress">
      <PartsBar label={t("Progress")} whole={report.audience} parts={endStates(report)} />
      <div className="row between wraps small muted number">
        <span>{t("{done} of {all} done · {share}", { done: count(done), all: count(report.audience), share: share(done, report.audience) })}</span>
        {campaign.status === "active" && left > 0 && <span>{rate > 0 ? t("{rate} a minute · about {time} left", { rate: count(Math.round(rate * 60)), time: duration(left / rate) }) : t("{n} waiting", { n: count(left) })}</span>}
      </div>
    </div>
  );
}
