// What is sending now, what comes next, what needs a hand, and the last thirty days.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { api, type List, query } from "../api";
import { brief, count, share, shortDay } from "../format";
import { type Series, TimeChart } from "../kit/chart";
import { Button } from "../kit/controls";
import { Glyph, type GlyphName } from "../kit/glyph";
import { Empty, Figure, Loading, Notice, Page, Problem, Section, Status, When } from "../kit/page";
import { askAgain, Progress, useProgress, useReport } from "../parts/live";
import { mayAdminister, maySend, mayWrite, useSession } from "../session";
import { t, tn } from "../texts";
import type { Campaign, Provider, Segment, Sender, Template } from "../types";

interface Day {
  date: string;
  sent: number;
  opened: number;
  clicked: number;
  bounced: number;
  complained: number;
  unsubscribed: number;
  failed: number;
  uncertain: number;
}

interface Overview {
  days: Day[];
  contacts: number;
  failed: number;
  uncertain: number;
  as_of?: string;
}

const first = <T,>(path: string, limit = 1) => api.get<List<T>>(`${path}${query({ limit })}`).then((list) => list.items);

function Sending({ campaign }: { campaign: Campaign }) {
  const progress = useProgress(campaign);
  return (
    <div className="card pad stack tight">
      <div className="row"><Link className="strong cut" to={`/campaigns/${campaign.id}`} style={{ color: "var(--text)" }}>{campaign.name}</Link><span className="push"><Status value={campaign.status} label={campaign.status === "active" ? t("Sending") : undefined} /></span></div>
      <Progress campaign={campaign} progress={progress.data} />
      {campaign.hold_reason && <Notice tone="yellow">{campaign.hold_reason}</Notice>}
    </div>
  );
}

interface Need {
  key: string;
  icon: GlyphName;
  text: string;
  to: string;
  tone: "red" | "yellow";
}

function useNeeds(campaigns: Campaign[], overview: Overview | undefined): Need[] {
  const session = useSession();
  const providers = useQuery({ queryKey: ["providers"], queryFn: () => first<Provider>("/providers", 200), staleTime: 30_000 });
  const senders = useQuery({ queryKey: ["senders"], queryFn: () => first<Sender>("/senders", 200), staleTime: 30_000 });
  const dead = useQuery({ queryKey: ["count", "dead"], enabled: mayAdminister(session), queryFn: () => first<{ id: string }>("/jobs/dead", 100).then((items) => items.length).catch(() => 0) });
  const needs: Need[] = [];
  for (const provider of providers.data ?? []) if (provider.breaker?.state && provider.breaker.state !== "closed") needs.push({ key: `breaker-${provider.id}`, icon: "plug", tone: "red", text: t("{name} does not take mail at the moment: {why}", { name: provider.name, why: String(provider.breaker.reason ?? "") }), to: "/senders" });
  else if (provider.check_status && !["ok", "good", "passed"].includes(provider.check_status)) needs.push({ key: provider.id, icon: "plug", tone: "red", text: t("{name} did not pass its last check: {why}", { name: provider.name, why: provider.check_detail ?? provider.check_status }), to: "/senders" });
  for (const sender of senders.data ?? []) if (!sender.verified) needs.push({ key: sender.id, icon: "mail", tone: "yellow", text: t("{address} is not verified yet, so nothing is sent from it", { address: sender.from_email }), to: "/senders" });
  for (const campaign of campaigns) {
    if (campaign.held_for) needs.push({ key: `held-${campaign.id}`, icon: "clock", tone: "yellow", text: t("{name} waits to be approved: {why}", { name: campaign.name, why: campaign.hold_reason ?? "" }), to: `/campaigns/${campaign.id}` });
    else if (campaign.status === "paused") needs.push({ key: campaign.id, icon: "pause", tone: "yellow", text: campaign.hold_reason ? t("{name} is held: {why}", { name: campaign.name, why: campaign.hold_reason }) : t("{name} is paused", { name: campaign.name }), to: `/campaigns/${campaign.id}` });
  }
  if (dead.data) needs.push({ key: "dead", icon: "stack", tone: "red", text: tn("{n} job gave up and waits for a decision", "{n} jobs gave up and wait for a decision", dead.data), to: "/jobs?tab=dead" });
  if (overview?.failed) needs.push({ key: "failed", icon: "warning", tone: "red", text: tn("{n} message failed in the last 30 days", "{n} messages failed in the last 30 days", overview.failed), to: "/messages?status=failed" });
  if (overview?.uncertain) needs.push({ key: "uncertain", icon: "question", tone: "yellow", text: tn("{n} message may or may not have been delivered", "{n} messages may or may not have been delivered", overview.uncertain), to: "/messages?status=uncertain" });
  return needs;
}

function ThirtyDays({ overview }: { overview: Overview }) {
  const [shown, setShown] = useState<string[]>(["sent", "opened", "clicked"]);
  const total = (key: keyof Day) => overview.days.reduce((sum, day) => sum + (day[key] as number), 0);
  const sent = total("sent");
  const all: (Series & { note: string })[] = [
    { key: "sent", label: t("Sent"), colour: "var(--chart-1)", kind: "bar", note: t("messages") },
    { key: "opened", label: t("Opened by people"), colour: "var(--chart-2)", note: share(total("opened"), sent) },
    { key: "clicked", label: t("Clicked"), colour: "var(--chart-3)", note: share(total("clicked"), sent) },
    { key: "bounced", label: t("Bounced"), colour: "var(--chart-4)", note: share(total("bounced"), sent) },
    { key: "unsubscribed", label: t("Unsubscribed"), colour: "var(--chart-5)", note: share(total("unsubscribed"), sent) },
  ];
  const toggle = (key: string) => setShown(shown.includes(key) ? (shown.length > 1 ? shown.filter((one) => one !== key) : shown) : [...shown, key]);
  return (
    <Section title={t("Last 30 days")}>
      <div className="figures">
        {all.map((one) => <Figure key={one.key} label={one.label} mark={one.colour} value={brief(total(one.key as keyof Day))} note={one.note} pressed={shown.includes(one.key)} press={() => toggle(one.key)} />)}
      </div>
      <div className="card pad">
        <TimeChart title={t("Last 30 days")} series={all.filter((one) => shown.includes(one.key))} points={overview.days.map((day) => ({ at: day.date, label: shortDay(`${day.date}T12:00:00Z`), values: day as unknown as Record<string, number> }))} />
      </div>
    </Section>
  );
}

// Shown until the first campaign has been sent.
function FirstSteps({ campaigns }: { campaigns: Campaign[] }) {
  const session = useSession();
  const state = useQuery({
    queryKey: ["first-steps"],
    queryFn: async () => {
      const [providers, senders, contacts, segments, templates] = await Promise.all([first<Provider>("/providers"), first<Sender>("/senders"), first("/contacts"), first<Segment>("/segments"), first<Template>("/templates")]);
      return { providers, senders, contacts, segments, templates };
    },
  });
  if (!state.data) return null;
  const s = state.data;
  const steps: [boolean, string, string, string][] = [
    [s.providers.length > 0, t("Connect a provider"), t("SMTP, SendGrid or a folder: the way out for your mail."), "/senders?new=provider"],
    [s.senders.length > 0, t("Add a sender"), t("The name and address your mail comes from."), "/senders?new=sender"],
    [s.contacts.length > 0, t("Bring in your contacts"), t("Drop a CSV file; every row gets a verdict before anything is written."), "/imports?new=1"],
    [s.segments.length > 0, t("Make a segment"), t("Say who should get your mail."), "/segments/new"],
    [s.templates.length > 0, t("Write a template"), t("With live preview on a real contact."), "/templates?new=1"],
    [campaigns.length > 0, t("Launch a campaign"), t("With a forecast, and twenty seconds to change your mind."), "/campaigns?new=1"],
  ];
  const next = steps.findIndex(([done]) => !done);
  if (next < 0 || !mayWrite(session)) return null;
  return (
    <Section title={t("First steps")} note={t("{done} of {all} done", { done: steps.filter(([done]) => done).length, all: steps.length })}>
      <div className="card lines">
        {steps.map(([done, title, text, to], index) => (
          <Link key={to} to={to}>
            <span className={done ? "good" : "faint"}><Glyph name={done ? "check" : "right"} /></span>
            <span className="grow"><span className={done ? "muted" : "strong"}>{title}</span><span className="muted small" style={{ display: "block" }}>{text}</span></span>
            {index === next && <span className="button small primary">{t("Start")}</span>}
          </Link>
        ))}
      </div>
    </Section>
  );
}

export default function Home() {
  const session = useSession();
  const campaigns = useQuery({ queryKey: ["campaigns", "home"], refetchInterval: 10_000, queryFn: () => first<Campaign>("/campaigns", 100) });
  const overview = useQuery({ queryKey: ["overview"], refetchInterval: askAgain<Overview>(60_000), queryFn: () => api.get<Overview>("/overview") });
  const needs = useNeeds(campaigns.data ?? [], overview.data);
  const page = (content: React.ReactNode) => <Page title={t("Home")} actions={maySend(session) && <Button look="primary" icon="plus" to="/campaigns?new=1">{t("New campaign")}</Button>}>{content}</Page>;
  if (campaigns.isError) return page(<Problem error={campaigns.error} again={() => campaigns.refetch()} />);
  if (!campaigns.data) return page(<Loading lines={8} />);
  const all = campaigns.data;
  const sending = all.filter((one) => one.status === "active" || (one.status === "paused" && one.launched_at));
  const scheduled = all.filter((one) => one.status === "scheduled").sort((a, b) => (a.next_run_at ?? "").localeCompare(b.next_run_at ?? ""));
  const past = all.filter((one) => one.status === "completed").slice(0, 4);
  return page(
    <div className="stack loose">
      {needs.length > 0 && (
        <Section title={t("Needs a hand")} note={count(needs.length)}>
          <div className="card lines">{needs.map((need) => <Link key={need.key} to={need.to}><span className={need.tone === "red" ? "bad" : "warn"}><Glyph name={need.icon} /></span><span className="grow wrap">{need.text}</span><span className="faint"><Glyph name="right" size={14} /></span></Link>)}</div>
        </Section>
      )}
      {sending.length > 0 && <Section title={t("Sending now")}><div className="grid" style={{ "--min": "380px" } as React.CSSProperties}>{sending.map((campaign) => <Sending key={campaign.id} campaign={campaign} />)}</div></Section>}
      {past.length === 0 && <FirstSteps campaigns={all} />}
      {overview.data && <ThirtyDays overview={overview.data} />}
      <div className="grid" style={{ "--min": "360px", gap: 28 } as React.CSSProperties}>
        <Section title={t("Scheduled")} actions={<Link className="small" to="/campaigns?status=scheduled">{t("All")}</Link>}>
          <div className="card lines">
            {scheduled.length === 0 && <div className="muted small">{t("Nothing is scheduled.")}</div>}
            {scheduled.slice(0, 6).map((campaign) => <Link key={campaign.id} to={`/campaigns/${campaign.id}`}><Glyph name="clock" /><span className="cut grow">{campaign.name}</span><span className="muted small"><When at={campaign.next_run_at} full /></span></Link>)}
          </div>
        </Section>
        <Section title={t("Sent lately")} actions={<Link className="small" to="/campaigns?status=completed">{t("All")}</Link>}>
          <div className="card lines">
            {past.length === 0 && <div className="muted small">{t("Nothing has been sent yet.")}</div>}
            {past.map((campaign) => <Past key={campaign.id} campaign={campaign} />)}
          </div>
        </Section>
      </div>
      {overview.data && all.length === 0 && overview.data.contacts === 0 && <Empty icon="send" title={t("Your first campaign is six steps away")}>{t("Start at the top of the list above.")}</Empty>}
    </div>,
  );
}

function Past({ campaign }: { campaign: Campaign }) {
  const report = useReport(campaign.id, false, 600_000);
  return (
    <Link className="falls" to={`/campaigns/${campaign.id}`}>
      <span className="grow" style={{ minWidth: 0 }}><span className="cut">{campaign.name}</span><span className="faint tiny"><When at={campaign.launched_at} /></span></span>
      {report.data && <span className="muted small number nowrap">{t("{sent} sent · {opened} opened · {clicked} clicked", { sent: brief(report.data.sent), opened: share(report.data.opened, report.data.sent), clicked: share(report.data.clicked, report.data.sent) })}</span>}
    </Link>
  );
}
