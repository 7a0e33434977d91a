// The parts of a report that servers may lack: over time, by link, by domain, by reason of bounce.
import { useQuery } from "@tanstack/react-query";

import { api } from "../api";
import { clock, count, none, share, shortDay } from "../format";
import { TimeChart } from "../kit/chart";
import { Empty, Loading, Problem, Section, Status, When } from "../kit/page";
import { Further, Table, useList } from "../kit/table";
import { t } from "../texts";
import type { Campaign } from "../types";
import { useRoutes } from "./routes";

type Routes = ReturnType<typeof useRoutes>;
type Row = Record<string, unknown>;

export const hasReportPart = (routes: Routes, part: string) => routes.has("GET", `/campaigns/{id}/report/${part}`);

function usePart(campaign: Campaign, part: string, enabled = true, live = false) {
  return useQuery({ queryKey: ["report", campaign.id, part], enabled, staleTime: 60_000, refetchInterval: live ? 60_000 : false, queryFn: () => api.get<{ items?: Row[]; points?: Row[] }>(`/campaigns/${campaign.id}/report/${part}`).then((answer) => answer.items ?? answer.points ?? []) });
}

const number = (row: Row, ...names: string[]) => {
  for (const name of names) if (typeof row[name] === "number") return row[name];
  return 0;
};
const text = (row: Row, ...names: string[]) => {
  for (const name of names) if (typeof row[name] === "string") return row[name];
  return "";
};

export function OverTime({ campaign, live }: { campaign: Campaign; live: boolean }) {
  const routes = useRoutes();
  const part = hasReportPart(routes, "series") ? "series" : null;
  const series = usePart(campaign, part ?? "", Boolean(part), live);
  if (!part || !series.data || series.data.length === 0) return null;
  const at = (row: Row) => text(row, "at", "hour", "time", "from", "bucket");
  const days = new Set(series.data.map((row) => at(row).slice(0, 10))).size;
  const points = series.data.map((row) => ({ at: at(row), label: days > 2 ? `${shortDay(at(row))} ${clock(at(row))}` : clock(at(row)), values: { sent: number(row, "sent"), opened: number(row, "opened"), clicked: number(row, "clicked"), unsubscribed: number(row, "unsubscribed") } }));
  return <Section title={t("Over time")}><div className="card pad"><TimeChart title={t("Over time")} points={points} series={[{ key: "sent", label: t("Sent"), colour: "var(--chart-1)", kind: "bar" }, { key: "opened", label: t("Opened by people"), colour: "var(--chart-2)" }, { key: "clicked", label: t("Clicked"), colour: "var(--chart-3)" }]} /></div></Section>;
}

export function LinksTab({ campaign }: { campaign: Campaign }) {
  const links = usePart(campaign, "links");
  if (links.isError) return <Problem error={links.error} />;
  if (!links.data) return <Loading />;
  if (links.data.length === 0) return <Empty icon="cursor" title={t("Nobody has clicked yet")}>{t("Each link of the mail is listed here with who followed it.")}</Empty>;
  const most = Math.max(1, ...links.data.map((row) => number(row, "clicks", "clicked", "human_clicks")));
  return <Table label={t("Links")} items={links.data} keyOf={(row) => text(row, "url") + text(row, "label")} columns={[
    { key: "url", title: t("Link"), cell: (row) => <span className="cut" title={text(row, "url")}>{text(row, "url")}</span> },
    { key: "bar", title: "", hide: "wide-only", cell: (row) => <span className="bar" style={{ minWidth: 120 }}><i style={{ width: `${(number(row, "clicks", "clicked", "human_clicks") / most) * 100}%` }} /></span> },
    { key: "people", title: t("People"), right: true, cell: (row) => count(number(row, "people", "unique", "unique_clicks", "contacts", "clicked")) },
    { key: "clicks", title: t("Clicks"), right: true, cell: (row) => count(number(row, "clicks", "human_clicks", "clicked")) },
    { key: "machines", title: t("By machines"), right: true, hide: "wide-only", cell: (row) => count(number(row, "machine_clicks", "machine", "machine_clicked")) },
  ]} />;
}

export function DomainsTab({ campaign }: { campaign: Campaign }) {
  const domains = usePart(campaign, "domains");
  if (domains.isError) return <Problem error={domains.error} />;
  if (!domains.data) return <Loading />;
  if (domains.data.length === 0) return <Empty icon="mail" title={t("Nothing has been sent yet")} />;
  const rate = (row: Row, name: string) => share(number(row, name), number(row, "sent"));
  return <Table label={t("Domains")} items={domains.data} keyOf={(row) => text(row, "domain")} columns={[
    { key: "domain", title: t("Domain"), cell: (row) => <span className="cut">{text(row, "domain") || none}</span> },
    { key: "sent", title: t("Sent"), right: true, cell: (row) => count(number(row, "sent")) },
    { key: "delivered", title: t("Delivered"), right: true, cell: (row) => rate(row, "delivered") },
    { key: "opened", title: t("Opened"), right: true, cell: (row) => rate(row, "opened") },
    { key: "clicked", title: t("Clicked"), right: true, hide: "wide-only", cell: (row) => rate(row, "clicked") },
    { key: "bounced", title: t("Bounced"), right: true, cell: (row) => rate(row, "bounced") },
    { key: "complained", title: t("Complained"), right: true, hide: "wide-only", cell: (row) => rate(row, "complained") },
  ]} />;
}

interface Run {
  run_number: number;
  status: string;
  scheduled_for: string;
  completed_at: string | null;
  missed: number;
  audience: number;
  sent: number;
  skipped: number;
  opened: number;
  clicked: number;
  bounced: number;
}

export function RunsTab({ campaign }: { campaign: Campaign }) {
  const list = useList<Run>(`/campaigns/${campaign.id}/runs`, {}, 15_000);
  const runs = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.isError) return <Problem error={list.error} />;
  if (list.isSuccess && runs.length === 0) return <Empty icon="clock" title={t("It has not run yet")} />;
  return (
    <div>
      <Table label={t("Runs")} items={runs} pending={list.isPending} keyOf={(run) => String(run.run_number)} columns={[
        { key: "run", title: t("Run"), right: true, fit: true, cell: (run) => run.run_number },
        { key: "status", title: t("Status"), fit: true, cell: (run) => <Status value={run.status} /> },
        { key: "when", title: t("For"), cell: (run) => <><When at={run.scheduled_for} full />{run.missed > 0 && <span className="warn"> {t("{n} missed before it", { n: run.missed })}</span>}</> },
        { key: "audience", title: t("Audience"), right: true, cell: (run) => count(run.audience) },
        { key: "sent", title: t("Sent"), right: true, cell: (run) => count(run.sent) },
        { key: "opened", title: t("Opened"), right: true, hide: "wide-only", cell: (run) => share(run.opened, run.sent) },
        { key: "clicked", title: t("Clicked"), right: true, hide: "wide-only", cell: (run) => share(run.clicked, run.sent) },
        { key: "bounced", title: t("Bounced"), right: true, hide: "wide-only", cell: (run) => share(run.bounced, run.sent) },
      ]} />
      <Further more={list.hasNextPage} busy={list.isFetchingNextPage} load={list.fetchNextPage} shown={runs.length} />
    </div>
  );
}
