// A campaign after its launch: what it is doing, where everybody ended, and what people did with it.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Fragment, useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";

import { api, type List, query } from "../api";
import { count, moment, share, words } from "../format";
import { Button } from "../kit/controls";
import { ask, Menu } from "../kit/layers";
import { Fact, Figure, Loading, Notice, Page, Problem, Section, Status, Tabs, useTab, When } from "../kit/page";
import { say, sayProblem } from "../kit/toast";
import { maySend, mayWrite, useSession } from "../session";
import { t, tn } from "../texts";
import type { Campaign, Report, Sender, Template } from "../types";
import { EditableName, usePreview, useSomebody } from "./campaign_draft";
import { countedNow, endStates, isLive, Progress, upToDate, useProgress, useReport } from "./live";
import { Held } from "./held";
import { MailViews } from "./mail_frame";
import { MessagesTable } from "./messages_table";
import { useSegments } from "./pickers";
import { DomainsTab, hasReportPart, LinksTab, OverTime, RunsTab } from "./report_parts";
import { useRoutes } from "./routes";
import { AuditOf } from "./audit_table";

function useUndoLeft(campaign: Campaign) {
  const until = campaign.undo_until ? new Date(campaign.undo_until).getTime() : 0;
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (until <= Date.now()) return;
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [until]);
  return Math.max(0, Math.ceil((until - now) / 1000));
}

function Undo({ campaign }: { campaign: Campaign }) {
  const client = useQueryClient();
  const routes = useRoutes();
  const left = useUndoLeft(campaign);
  const undo = useMutation({
    mutationFn: () => api.post<Campaign>(`/campaigns/${campaign.id}/undo`),
    onSuccess: (back) => {
      client.setQueryData(["campaign", campaign.id], back);
      client.invalidateQueries({ queryKey: ["forecast", campaign.id] });
      say(t("Taken back. It is a draft again and nobody got it."));
    },
    onError: sayProblem,
  });
  if (left <= 0 || !["active", "paused"].includes(campaign.status) || !routes.has("POST", "/campaigns/{id}/undo")) return null;
  return <Notice tone="blue" title={t("Launched")}><div className="row between wraps"><span>{tn("Nothing leaves for another {n} second.", "Nothing leaves for another {n} seconds.", left)}</span><Button icon="undo" busy={undo.isPending} onClick={() => undo.mutate()}>{t("Undo launch")}</Button></div></Notice>;
}

function Ended({ report }: { report: Report }) {
  const states = endStates(report).filter((state) => state.value > 0 || state.key === "sent");
  const reasons = Object.entries(report.skip_reasons ?? {}).sort((a, b) => b[1] - a[1]);
  return (
    <Section title={t("Where everybody ended")} note={t("adds up to the audience")}>
      <div className="card pad">
        <div className="funnel">
          {states.map((state) => (
            <Fragment key={state.key}>
              <div><span>{state.label}</span><span className="bar"><i style={{ width: `${report.audience ? (state.value / report.audience) * 100 : 0}%`, "--mark": state.colour } as React.CSSProperties} /></span><span className="right number">{count(state.value)}</span><span className="right number muted">{share(state.value, report.audience)}</span></div>
              {state.key === "skipped" && reasons.map(([reason, n]) => <div key={reason} className="sub"><span className="cut" title={words(reason)}>{words(reason)}</span><span className="bar"><i style={{ width: `${(n / Math.max(1, report.audience)) * 100}%`, "--mark": "var(--edge)" } as React.CSSProperties} /></span><span className="right number">{count(n)}</span><span className="right number">{share(n, report.audience)}</span></div>)}
            </Fragment>
          ))}
          <div style={{ borderTop: "1px solid var(--line)", marginTop: 4 }}><span className="strong">{t("Audience")}</span><span /><span className="right number strong" data-testid="audience">{count(report.audience)}</span><span className="right number muted">{share(report.audience, report.audience)}</span></div>
        </div>
      </div>
    </Section>
  );
}

function Engagement({ report }: { report: Report }) {
  const rows: [string, number, number | undefined][] = [
    [t("Opened"), report.opened, report.machine_opened],
    [t("Clicked"), report.clicked, report.machine_clicked],
  ];
  const most = Math.max(1, report.sent);
  return (
    <Section title={t("People and machines")} note={t("scanners and mail proxies are told apart")}>
      <div className="card pad stack">
        {rows.map(([label, people, machines]) => (
          <div key={label} className="stack snug">
            <div className="row between small"><span>{label}</span><span className="number muted">{machines === undefined ? t("{people} by people", { people: count(people) }) : t("{people} by people · {machines} by machines", { people: count(people), machines: count(machines) })}</span></div>
            <div className="bar thick"><i style={{ width: `${(people / most) * 100}%`, "--mark": "var(--chart-2)" } as React.CSSProperties} />{machines !== undefined && <i style={{ width: `${(machines / most) * 100}%`, "--mark": "var(--chart-5)" } as React.CSSProperties} />}</div>
          </div>
        ))}
        <div className="legend"><span><i className="swatch" style={{ "--mark": "var(--chart-2)" } as React.CSSProperties} />{t("People")}</span><span><i className="swatch" style={{ "--mark": "var(--chart-5)" } as React.CSSProperties} />{t("Machines")}</span></div>
      </div>
    </Section>
  );
}

function Bounces({ report }: { report: Report }) {
  const reasons = Object.entries(report.bounces ?? {}).sort((a, b) => b[1] - a[1]);
  if (reasons.length === 0) return null;
  return (
    <Section title={t("Bounces by reason")}>
      <div className="card pad"><div className="funnel">{reasons.map(([reason, n]) => <div key={reason}><span className="cut" title={words(reason)}>{words(reason)}</span><span className="bar"><i style={{ width: `${(n / Math.max(1, report.bounced)) * 100}%`, "--mark": "var(--chart-4)" } as React.CSSProperties} /></span><span className="right number">{count(n)}</span><span className="right number muted">{share(n, report.sent)}</span></div>)}</div></div>
    </Section>
  );
}

function Figures({ report }: { report: Report }) {
  const reached = report.sent;
  return (
    <div className="figures">
      <Figure label={t("Audience")} value={count(report.audience)} note={t("people")} />
      <Figure label={t("Sent")} value={count(report.sent)} note={share(report.sent, report.audience)} />
      <Figure label={t("Delivered")} value={count(report.delivered)} note={share(report.delivered, reached)} />
      <Figure label={t("Opened by people")} value={share(report.opened, reached)} note={count(report.opened)} />
      <Figure label={t("Clicked")} value={share(report.clicked, reached)} note={count(report.clicked)} />
      <Figure label={t("Bounced")} value={share(report.bounced, reached)} note={count(report.bounced)} />
      <Figure label={t("Unsubscribed")} value={share(report.unsubscribed, reached)} note={count(report.unsubscribed)} />
      <Figure label={t("Complained")} value={share(report.complained, reached)} note={count(report.complained)} />
    </div>
  );
}

function ContentTab({ campaign }: { campaign: Campaign }) {
  const somebody = useSomebody(campaign);
  const preview = usePreview(somebody.isLoading ? null : campaign.template_id, somebody.data);
  const template = useQuery({ queryKey: ["template", campaign.template_id], enabled: Boolean(campaign.template_id), queryFn: () => api.get<Template>(`/templates/${campaign.template_id}`) });
  const senders = useQuery({ queryKey: ["senders"], queryFn: () => api.get<List<Sender>>(`/senders${query({ limit: 200 })}`).then((list) => list.items) });
  const segments = useSegments();
  const sender = senders.data?.find((one) => one.id === campaign.sender_id);
  const names = (ids: string[]) => ids.map((id) => segments.data?.find((one) => one.id === id)?.name ?? id).join(", ");
  return (
    <div className="split">
      <div>{preview.isError ? <Problem error={preview.error} /> : preview.data ? <MailViews mail={preview.data} from={sender ? `${sender.from_name} <${sender.from_email}>` : undefined} /> : <Loading />}</div>
      <dl className="facts">
        <Fact label={t("Template")}>{template.data && <Link to={`/templates/${template.data.id}`}>{template.data.name}</Link>}</Fact>
        <Fact label={t("Sender")}>{sender && `${sender.from_name} <${sender.from_email}>`}</Fact>
        <Fact label={t("Segments")}>{names(campaign.segment_ids)}</Fact>
        <Fact label={t("Left out")}>{names(campaign.exclude_segment_ids)}</Fact>
        <Fact label={t("Launched")}><When at={campaign.launched_at} full /></Fact>
        <Fact label={t("Completed")}><When at={campaign.completed_at} full /></Fact>
        <Fact label={t("Pace")}>{campaign.throttle_per_minute ? t("at most {n} a minute", { n: count(campaign.throttle_per_minute) }) : null}</Fact>
        <Fact label={t("Measuring")}>{campaign.tracking ? t("opens and clicks") : t("off")}</Fact>
      </dl>
    </div>
  );
}

function RetryFailed({ campaign, failed }: { campaign: Campaign; failed: number }) {
  const session = useSession();
  const client = useQueryClient();
  const routes = useRoutes();
  const retry = useMutation({ mutationFn: () => api.post<{ retried: number }>(`/campaigns/${campaign.id}/retry-failed`), onSuccess: ({ retried }) => {
    client.invalidateQueries();
    // Whoever refused for good is not asked again: it would harm the sender and change nothing.
    const stay = failed - retried;
    const left = tn("{n} was refused for good and stays failed.", "{n} were refused for good and stay failed.", stay);
    say([tn("{n} is tried again.", "{n} are tried again.", retried), stay > 0 ? left : ""].join(" ").trim());
  }, onError: sayProblem });
  if (!routes.has("POST", "/campaigns/{id}/retry-failed") || failed === 0 || !maySend(session)) return null;
  return <Button small icon="refresh" busy={retry.isPending} onClick={() => retry.mutate()}>{t("Retry {n} failed", { n: count(failed) })}</Button>;
}

export function CampaignReport({ campaign }: { campaign: Campaign }) {
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const routes = useRoutes();
  const running = isLive(campaign.status);
  const counted = useReport(campaign.id, running);
  const progress = useProgress(campaign, true);
  const report = { ...counted, data: upToDate(campaign, counted.data, progress.data) };
  const left = report.data ? report.data.queued + report.data.sending : 0;
  const tabs = [
    { value: "report", label: t("Report") },
    { value: "messages", label: t("Messages"), n: report.data ? count(report.data.audience) : undefined },
    ...(hasReportPart(routes, "links") ? [{ value: "links", label: t("Links") }] : []),
    ...(hasReportPart(routes, "domains") ? [{ value: "domains", label: t("Domains") }] : []),
    ...(campaign.type === "recurring" && routes.has("GET", "/campaigns/{id}/runs") ? [{ value: "runs", label: t("Runs"), n: campaign.run_number }] : []),
    { value: "content", label: t("Content") },
    { value: "history", label: t("History") },
  ];
  const [tab, setTab] = useTab(tabs);
  const verb = useMutation({
    mutationFn: (name: "pause" | "resume" | "cancel") => api.post<Campaign>(`/campaigns/${campaign.id}/${name}`),
    onSuccess: (saved, name) => {
      client.setQueryData(["campaign", campaign.id], saved);
      client.invalidateQueries({ queryKey: ["report", campaign.id] });
      client.invalidateQueries({ queryKey: ["list", "/campaigns"] });
      say(name === "pause" ? t("Paused. Nothing more leaves until you resume.") : name === "resume" ? t("It goes on") : t("Canceled. What was waiting is not sent."), name === "pause" ? { label: t("Undo"), run: () => verb.mutate("resume") } : undefined);
    },
    onError: sayProblem,
  });
  const cancel = async () => {
    if (await ask({ title: t("Cancel what is left?"), text: t("{n} people are still waiting and will not get it. What was sent stays sent.", { n: count(left) }), yes: t("Cancel the rest"), no: t("Keep sending"), danger: true })) verb.mutate("cancel");
  };
  const again = useMutation({
    mutationFn: () => api.post<Campaign>("/campaigns", { name: t("{name} (copy)", { name: campaign.name }).slice(0, 255), segment_ids: campaign.segment_ids, exclude_segment_ids: campaign.exclude_segment_ids, template_id: campaign.template_id, sender_id: campaign.sender_id, throttle_per_minute: campaign.throttle_per_minute, tracking: campaign.tracking }),
    onSuccess: (copy) => { say(t("Copied as a draft")); navigate(`/campaigns/${copy.id}`); },
    onError: sayProblem,
  });
  const rename = useMutation({ mutationFn: (name: string) => api.patch<Campaign>(`/campaigns/${campaign.id}`, { name }), onSuccess: (saved) => client.setQueryData(["campaign", campaign.id], saved), onError: sayProblem });
  const csv = ["messages.csv"].find((name) => routes.has("GET", `/campaigns/{id}/${name}`));
  const open = campaign.status === "active" || campaign.status === "paused";
  const launched = campaign.launched_at ? t("launched {time}", { time: moment(campaign.launched_at) }) : null;
  return (
    <Page title={campaign.name} crumb={{ to: "/campaigns", label: t("Campaigns") }} heading={<EditableName name={campaign.name} may={false} save={rename.mutate} />}
      note={<span className="row tight wraps"><Status value={campaign.status} label={campaign.status === "active" ? t("Sending") : undefined} />{launched && <span>· {launched}</span>}{campaign.completed_at && <span>· {t("done {time}", { time: moment(campaign.completed_at) })}</span>}</span>}
      actions={<>
        {maySend(session) && campaign.status === "active" && <Button icon="pause" busy={verb.isPending} onClick={() => verb.mutate("pause")}>{t("Pause")}</Button>}
        {maySend(session) && campaign.status === "paused" && <Button look="primary" icon="play" busy={verb.isPending} onClick={() => verb.mutate("resume")}>{t("Resume")}</Button>}
        {maySend(session) && open && <Button look="danger" onClick={cancel}>{t("Cancel")}</Button>}
        <Menu label={t("More")} items={[
          mayWrite(session) && { label: t("Copy as a new draft"), icon: "copy", run: () => again.mutate() },
          csv ? { label: t("Download all messages (CSV)"), icon: "download", href: `/api/v1/campaigns/${campaign.id}/${csv}`, download: `${campaign.name}.csv` } : report.data && { label: t("Download the report as CSV"), icon: "download", run: () => saveCsv(campaign, report.data as Report) },
        ]} />
      </>}>
      <div className="stack">
        <Undo campaign={campaign} />
        <Held campaign={campaign} />
        {open && <div className="card pad"><Progress campaign={campaign} progress={progress.data} /></div>}
        <Tabs label={t("Parts of the report")} tabs={tabs} value={tab} change={setTab} />
        {tab === "report" && (report.isError ? <Problem error={report.error} again={() => report.refetch()} /> : !report.data ? <Loading lines={8} /> : (
          <div className="stack loose" data-testid="report">
            <div className="stack tight">
              <Figures report={report.data} />
              {report.data.as_of && <div className="row between wraps"><span className="faint tiny">{t("counted")} <When at={report.data.as_of} /></span><button type="button" className="link-button tiny" disabled={counted.isFetching} onClick={() => client.fetchQuery(countedNow(campaign.id)).catch(sayProblem)}>{counted.isFetching ? t("Counting…") : t("Count again")}</button></div>}
            </div>
            <OverTime campaign={campaign} live={running} />
            <div className="grid" style={{ "--min": "420px", gap: 28 } as React.CSSProperties}><Ended report={report.data} /><div className="stack loose"><Engagement report={report.data} /><Bounces report={report.data} /></div></div>
          </div>
        ))}
        {tab === "messages" && <MessagesTable campaignId={campaign.id} extra={<RetryFailed campaign={campaign} failed={report.data?.failed ?? 0} />} />}
        {tab === "links" && <LinksTab campaign={campaign} />}
        {tab === "domains" && <DomainsTab campaign={campaign} />}
        {tab === "runs" && <RunsTab campaign={campaign} />}
        {tab === "content" && <ContentTab campaign={campaign} />}
        {tab === "history" && <AuditOf type="campaign" id={campaign.id} />}
      </div>
    </Page>
  );
}

// A cell that a spreadsheet would read as a formula is quoted.
const cell = (value: string | number) => {
  const text = String(value);
  return `"${(/^[=+\-@\t\r]/.test(text) && typeof value === "string" ? `'${text}` : text).replaceAll('"', '""')}"`;
};

export function download(name: string, type: string, content: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function saveCsv(campaign: Campaign, report: Report) {
  const rows: [string, string | number][] = [["campaign", campaign.name], ...Object.entries(report).flatMap(([key, value]) => (typeof value === "number" ? [[key, value] as [string, number]] : [])), ...Object.entries(report.skip_reasons ?? {}).map(([key, value]) => [`skipped: ${key}`, value] as [string, number])];
  download(`${campaign.name.replace(/[^\p{L}\p{N}]+/gu, "-")}.csv`, "text/csv", rows.map((row) => row.map(cell).join(",")).join("\r\n"));
}
