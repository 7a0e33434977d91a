// Work of the background: what waits, what runs, and what gave up and needs a decision.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "../api";
import { ago, words } from "../format";
import { Button, TextField } from "../kit/controls";
import { ask } from "../kit/layers";
import { Empty, Page, Status, Tabs, useFilter, useTab, When } from "../kit/page";
import { useLater } from "../kit/picker";
import { type Column, ListTable } from "../kit/table";
import { say, sayProblem } from "../kit/toast";
import { mayAdminister, useSession } from "../session";
import { t } from "../texts";

interface Job {
  id: string;
  queue: string;
  kind: string;
  key: string | null;
  payload: unknown;
  state: string;
  run_at: string;
  attempts: number;
  max_attempts: number;
  last_error: string | null;
  created_at: string;
  updated_at: string;
}

export default function Jobs() {
  const session = useSession();
  const client = useQueryClient();
  const [queue, setQueue] = useFilter("queue");
  const later = useLater(queue.trim(), 300);
  const [open, setOpen] = useState<string | null>(null);
  const tabs = [{ value: "all", label: t("All") }, { value: "ready", label: t("Waiting") }, { value: "running", label: t("Running") }, { value: "dead", label: t("Gave up") }];
  const [tab, setTab] = useTab(tabs);
  const admin = mayAdminister(session);
  const refresh = () => {
    client.invalidateQueries({ queryKey: ["list", "/jobs"] });
    client.invalidateQueries({ queryKey: ["list", "/jobs/dead"] });
    client.invalidateQueries({ queryKey: ["count", "dead"] });
  };
  const retry = (job: Job) => void api.post(`/jobs/${job.id}/retry`).then(() => { refresh(); say(t("It is tried again")); }, sayProblem);
  const discard = async (job: Job) => {
    if (await ask({ title: t("Discard this job?"), text: t("What it was to do is not done. This cannot be undone."), yes: t("Discard"), danger: true })) api.post(`/jobs/${job.id}/discard`).then(() => { refresh(); say(t("Discarded")); }, sayProblem);
  };
  const columns: Column<Job>[] = [
    { key: "kind", title: t("Job"), cell: (job) => <button type="button" className="link-button strong" style={{ color: "var(--text)" }} data-job={job.id} aria-expanded={open === job.id} onClick={() => setOpen(open === job.id ? null : job.id)}>{words(job.kind)}</button> },
    { key: "queue", title: t("Queue"), fit: true, hide: "wide-only", cell: (job) => <span className="muted">{job.queue}</span> },
    { key: "state", title: t("State"), fit: true, cell: (job) => <Status value={job.state} label={job.state === "dead" ? t("Gave up") : job.state === "ready" ? t("Waiting") : undefined} /> },
    { key: "attempts", title: t("Attempts"), right: true, fit: true, cell: (job) => `${job.attempts} / ${job.max_attempts}` },
    { key: "error", title: t("Last error"), hide: "wide-only", cell: (job) => <span className="cut bad" title={job.last_error ?? undefined}>{job.last_error ?? ""}</span> },
    { key: "due", title: t("Due"), fit: true, cell: (job) => (job.state === "ready" ? <span title={job.run_at}>{ago(job.run_at)}</span> : <When at={job.updated_at} />) },
  ];
  if (admin && (tab === "dead" || tab === "all")) columns.push({ key: "do", title: "", fit: true, cell: (job) => job.state === "dead" && <span className="row tight"><Button small icon="refresh" onClick={() => retry(job)}>{t("Retry")}</Button><Button small look="ghost" onClick={() => discard(job)}>{t("Discard")}</Button></span> });
  return (
    <Page title={t("Jobs")} note={t("Work in the background. What fails is tried again by itself; what gave up waits here.")}>
      <div className="stack">
        <Tabs label={t("State")} tabs={tabs} value={tab} change={setTab} />
        <div className="toolbar" style={{ margin: 0 }}>{tab !== "dead" && <div className="search"><TextField hideLabel label={t("Queue")} type="search" icon="search" placeholder={t("Any queue")} value={queue} change={(text) => setQueue(text || null)} /></div>}</div>
        <ListTable<Job> key={tab} path={tab === "dead" ? "/jobs/dead" : "/jobs"} filters={tab === "dead" ? {} : { queue: later || null, state: tab === "all" ? null : tab }} label={t("Jobs")} refresh={5_000} columns={columns}
          expand={(job) => open === job.id && <pre className="code" tabIndex={0}>{JSON.stringify(job, null, 2)}</pre>}
          empty={<Empty icon={tab === "dead" ? "check" : "stack"} title={tab === "dead" ? t("Nothing gave up") : t("Nothing to do")}>{tab === "dead" ? t("Everything that failed has been done since.") : t("All work is done.")}</Empty>} />
      </div>
    </Page>
  );
}
