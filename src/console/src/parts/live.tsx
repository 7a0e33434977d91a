// What a campaign is doing right now: told by the server as it changes, or read again and again where it cannot be told.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";

import { api } from "../api";
import { count, duration, share } from "../format";
import { PartsBar } from "../kit/chart";
import { t } from "../texts";
import type { Campaign, CampaignProgress, Report, States } from "../types";
import { useRoutes } from "./routes";

export const isLive = (status: string | undefined) => status === "active";

// A report is a recount of every message: it is asked for when somebody looks, and rarely after. What moves in between is told by the progress.
// In a large workspace the server shows at once what it counted last and counts anew: then it is asked again, a few times.
export const askAgain = <T extends { as_of?: string }>(otherwise: number | false) => (asked: { state: { data?: T; dataUpdateCount: number } }) => {
  const counted = asked.state.data?.as_of;
  return counted && Date.now() - new Date(counted).getTime() > 90_000 && asked.state.dataUpdateCount < 5 ? 3_000 : otherwise;
};

export function useReport(id: string, live = false, freshFor = 60_000) {
  return useQuery({ queryKey: ["report", id], queryFn: () => api.get<Report>(`/campaigns/${id}/report`), staleTime: freshFor, refetchInterval: askAgain<Report>(live ? 60_000 : false) });
}

// However long it takes, whatever was kept.
export const countedNow = (id: string) => ({ queryKey: ["report", id], staleTime: 0, queryFn: () => api.get<Report>(`/campaigns/${id}/report?fresh=true`) });

// The counts of a report with what is known of its end states since. Progress is of the newest run alone, so runs that repeat stay as they were counted.
export function upToDate(campaign: Campaign, report: Report | undefined, progress: Standing | undefined): Report | undefined {
  if (!report || !progress || campaign.type === "recurring") return report;
  if (progress.as_of && report.as_of && progress.as_of < report.as_of) return report;
  const { audience, queued, sending, sent, skipped, failed, uncertain, canceled } = progress;
  return { ...report, audience, queued, sending, sent, skipped, failed, uncertain, canceled };
}

const useSight = () => useSyncExternalStore((changed) => {
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
}, () => document.visibilityState === "visible");

export type Standing = States & Partial<CampaignProgress>;

// Server-sent events while the campaign sends and its page is in sight (a browser has six connections to one server, for all its tabs together);
// polling in lists, and where a proxy swallows the stream.
export function useProgress(campaign: Campaign, stream = false) {
  const client = useQueryClient();
  const routes = useRoutes();
  const [streaming, setStreaming] = useState(false);
  const live = isLive(campaign.status);
  const sight = useSight();
  const told = routes.has("GET", "/campaigns/{id}/progress");
  const listening = stream && live && sight && routes.has("GET", "/campaigns/{id}/progress/stream");
  const key = ["progress", campaign.id];
  useEffect(() => {
    if (!listening) return;
    const source = new EventSource(`/api/v1/campaigns/${campaign.id}/progress/stream`);
    source.addEventListener("progress", (event) => {
      setStreaming(true);
      client.setQueryData(["progress", campaign.id], JSON.parse((event as MessageEvent<string>).data) as CampaignProgress);
    });
    source.onerror = () => setStreaming(false);
    return () => {
      source.close();
      setStreaming(false);
    };
  }, [listening, campaign.id, client]);
  const progress = useQuery({
    queryKey: key,
    enabled: routes.known,
    queryFn: (): Promise<Standing> => (told ? api.get<CampaignProgress>(`/campaigns/${campaign.id}/progress`) : api.get<Report>(`/campaigns/${campaign.id}/report`)),
    refetchInterval: live && !streaming ? (stream ? 2_000 : 4_000) : false,
  });
  // Paused here, or resumed: what was told before is old.
  useEffect(() => {
    void client.invalidateQueries({ queryKey: ["progress", campaign.id] });
  }, [campaign.status, campaign.id, client]);
  // It went on, stopped or ended by itself: the campaign is read again, and its report counted anew.
  const moved = progress.data?.status !== undefined && !progress.isFetching && progress.data.status !== campaign.status;
  useEffect(() => {
    if (!moved) return;
    for (const queryKey of [["campaign", campaign.id], ["campaigns"], ["list", "/campaigns"], ["report", campaign.id]]) void client.invalidateQueries({ queryKey });
  }, [moved, campaign.id, client]);
  return progress;
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

export function Progress({ campaign, progress: states }: { campaign: Campaign; progress: Standing | undefined }) {
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
