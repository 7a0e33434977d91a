// What a campaign is doing right now: told by the server as it changes, or read again and again where it cannot be told.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { api } from "../api";
import { count, duration, share } from "../format";
import { PartsBar } from "../kit/chart";
import { t } from "../texts";
import type { Campaign, CampaignProgress, Report, States } from "../types";
import { useRoutes } from "./routes";

export const isLive = (status: string | undefined) => status === "active";

export function useReport(id: string, live: boolean, enabled = true) {
  return useQuery({ queryKey: ["report", id], enabled, queryFn: () => api.get<Report>(`/campaigns/${id}/report`), refetchInterval: live ? 4_000 : false });
}

// Server-sent events while the campaign sends and the page is in sight; polling where they are refused.
export function useProgress(campaign: Campaign) {
  const client = useQueryClient();
  const routes = useRoutes();
  const [streaming, setStreaming] = useState(false);
  const live = isLive(campaign.status);
  const told = routes.has("GET", "/campaigns/{id}/progress");
  const streamed = routes.has("GET", "/campaigns/{id}/progress/stream");
  const key = ["progress", campaign.id];
  useEffect(() => {
    if (!live || !streamed) return;
    const source = new EventSource(`/api/v1/campaigns/${campaign.id}/progress/stream`);
    source.addEventListener("progress", (event) => {
      const progress = JSON.parse((event as MessageEvent<string>).data) as CampaignProgress;
      setStreaming(true);
      client.setQueryData(["progress", campaign.id], progress);
      if (progress.status !== campaign.status) void client.invalidateQueries({ queryKey: ["campaign", campaign.id] });
    });
    source.onerror = () => setStreaming(false);
    return () => {
      source.close();
      setStreaming(false);
    };
  }, [live, streamed, campaign.id, campaign.status, client]);
  return useQuery({
    queryKey: key,
    enabled: routes.known,
    queryFn: (): Promise<States & Partial<CampaignProgress>> => (told ? api.get<CampaignProgress>(`/campaigns/${campaign.id}/progress`) : api.get<Report>(`/campaigns/${campaign.id}/report`)),
    refetchInterval: live && !streaming ? 2_000 : false,
  });
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

export const endStates = (states: States) => [
  { key: "sent", label: t("Sent"), value: states.sent, colour: "var(--chart-2)" },
  { key: "sending", label: t("Sending"), value: states.sending, colour: "var(--chart-1)" },
  { key: "queued", label: t("Waiting"), value: states.queued, colour: "var(--pressed)" },
  { key: "skipped", label: t("Skipped"), value: states.skipped, colour: "var(--chart-3)" },
  { key: "uncertain", label: t("Uncertain"), value: states.uncertain, colour: "#a97bd6" },
  { key: "failed", label: t("Failed"), value: states.failed, colour: "var(--chart-4)" },
  { key: "canceled", label: t("Canceled"), value: states.canceled, colour: "var(--chart-5)" },
];

export function Progress({ campaign }: { campaign: Campaign }) {
  const progress = useProgress(campaign);
  const states = progress.data;
  const done = states ? Math.max(0, states.audience - states.queued - states.sending) : undefined;
  const speed = useSpeed(done);
  if (!states || done === undefined) return <span className="skeleton" />;
  const left = states.audience - done;
  const paced = (states.rate_per_minute ?? campaign.throttle_per_minute ?? 0) / 60;
  const rate = states.rate_per_minute ? paced : speed > 0.2 ? speed : paced;
  const seconds = states.finishes_at ? (new Date(states.finishes_at).getTime() - Date.now()) / 1000 : rate > 0 ? left / rate : 0;
  return (
    <div className="stack tight" data-testid="progress">
      <PartsBar label={t("Progress")} whole={states.audience} parts={endStates(states)} />
      <div className="row between wraps small muted number">
        <span>{t("{done} of {all} done · {share}", { done: count(done), all: count(states.audience), share: share(done, states.audience) })}</span>
        {campaign.status === "active" && left > 0 && <span>{rate > 0 ? t("{rate} a minute · about {time} left", { rate: count(Math.round(rate * 60)), time: duration(seconds) }) : t("{n} waiting", { n: count(left) })}</span>}
      </div>
    </div>
  );
}
