// One message: what became of it, and why.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Fragment } from "react";
import { Link, useParams } from "react-router";

import { api } from "../api";
import { moment, words } from "../format";
import { Button } from "../kit/controls";
import { Glyph } from "../kit/glyph";
import { Fact, Loading, Notice, Page, Problem, Section, Status, When } from "../kit/page";
import { say, sayProblem } from "../kit/toast";
import { MailViews } from "../parts/mail_frame";
import { useRoutes } from "../parts/routes";
import { maySend, useSession } from "../session";
import { t } from "../texts";
import type { Campaign, Contact, Message } from "../types";

interface Attempt {
  attempt: number;
  outcome: string;
  code: string | null;
  reply: string | null;
  started_at: string | null;
  finished_at: string | null;
}

interface MessageEvent {
  id: string;
  type: string;
  actor_class?: string;
  provider?: string;
  url?: string | null;
  user_agent?: string | null;
  ip_address?: string | null;
  occurred_at: string | null;
}

interface Gate {
  gate: string;
  verdict: string;
  reason: string | null;
  explanation: string;
  fix: string | null;
}

interface Explanation {
  status: string;
  skip_reason: string | null;
  summary: string;
  fix: string | null;
  decisions: { attempt: number; decided_at: string; outcome: string; explanation: string; gates: Gate[] }[];
}

function Gates({ gates }: { gates: Gate[] }) {
  return (
    <ul className="card lines small">
      {gates.map((gate, index) => {
        const passed = gate.verdict === "pass";
        const waits = gate.verdict === "wait" || gate.verdict === "hold" || gate.verdict === "defer";
        return (
          <li key={index} className="top">
            <span className={passed ? "good" : waits ? "warn" : "bad"}><Glyph name={passed ? "check" : waits ? "clock" : "cross"} /></span>
            <span className="strong nowrap" style={{ width: 108 }}>{words(gate.gate)}</span>
            <span className="grow wrap"><span className={passed ? "muted" : ""}>{gate.explanation}</span>{gate.fix && <span style={{ display: "block" }} className="muted">{gate.fix}</span>}</span>
          </li>
        );
      })}
    </ul>
  );
}

export function Explain({ id }: { id: string }) {
  const explained = useQuery({ queryKey: ["explain", id], queryFn: () => api.get<Explanation>(`/messages/${id}/explain`) });
  if (explained.isError) return <Problem error={explained.error} />;
  if (!explained.data) return <Loading />;
  const e = explained.data;
  return (
    <div className="stack" data-testid="explain">
      <Notice tone={e.status === "sent" ? "green" : e.status === "failed" ? "red" : e.status === "skipped" || e.status === "uncertain" ? "yellow" : undefined} title={e.summary}>{e.fix && <span>{e.fix}</span>}</Notice>
      {e.decisions.map((decision, index) => (
        <Fragment key={index}>
          <div className="row tight muted tiny wraps"><span>{t("Attempt {n}", { n: decision.attempt })}</span>· <When at={decision.decided_at} full /> · <Status value={decision.outcome} /></div>
          {decision.gates.length > 0 && <Gates gates={decision.gates} />}
        </Fragment>
      ))}
    </div>
  );
}

interface Mail {
  subject: string;
  html: string;
  text: string;
}

export default function MessagePage() {
  const { id = "" } = useParams();
  const session = useSession();
  const client = useQueryClient();
  const routes = useRoutes();
  const message = useQuery({ queryKey: ["message", id], queryFn: () => api.get<Message & { attempts: Attempt[]; events: MessageEvent[] }>(`/messages/${id}`), refetchInterval: (found) => (["queued", "sending"].includes(found.state.data?.status ?? "") ? 3_000 : false) });
  const contact = useQuery({ queryKey: ["contact", message.data?.contact_id], enabled: Boolean(message.data?.contact_id), retry: false, queryFn: () => api.get<Contact>(`/contacts/${message.data?.contact_id}`) });
  const campaign = useQuery({ queryKey: ["campaign", message.data?.campaign_id], enabled: Boolean(message.data?.campaign_id), retry: false, queryFn: () => api.get<Campaign>(`/campaigns/${message.data?.campaign_id}`) });
  const shown = ["content", "body", "render"].find((name) => routes.has("GET", `/messages/{id}/${name}`));
  const content = useQuery({ queryKey: ["message", id, shown], enabled: Boolean(shown), retry: false, queryFn: () => api.get<Mail>(`/messages/${id}/${shown}`) });
  const retry = useMutation({ mutationFn: () => api.post(`/messages/${id}/retry`), onSuccess: () => { client.invalidateQueries({ queryKey: ["message", id] }); say(t("It is tried again")); }, onError: sayProblem });
  const page = (title: string, body: React.ReactNode, actions?: React.ReactNode, note?: React.ReactNode) => <Page title={title} crumb={{ to: "/messages", label: t("Messages") }} actions={actions} note={note}>{body}</Page>;
  if (message.isError) return page(t("Message"), <Problem error={message.error} again={() => message.refetch()} />);
  if (!message.data) return page(t("Message"), <Loading lines={8} />);
  const m = message.data;
  const who = m.to_address ?? m.email ?? contact.data?.email ?? contact.data?.phone ?? t("Message");
  return page(
    who,
    <div className="split">
      <div className="stack loose">
        <Section title={m.status === "skipped" ? t("Why it was not sent") : t("Why it was sent")}><Explain id={id} /></Section>
        {content.data && <Section title={["sent", "sending", "uncertain"].includes(m.status) ? t("What was sent") : m.status === "queued" ? t("What will be sent") : t("What would have been sent")}><MailViews mail={content.data} height={420} /></Section>}
        {m.events.length > 0 && (
          <Section title={t("What came back")}>
            <ul className="card lines small">{m.events.map((event) => <li key={event.id}><span className="strong">{words(event.type)}</span>{event.actor_class && <span className="tag">{words(event.actor_class)}</span>}<span className="muted cut grow" title={[event.url, event.user_agent, event.ip_address].filter(Boolean).join(" · ")}>{event.url ?? event.user_agent ?? ""}</span><When at={event.occurred_at} full /></li>)}</ul>
          </Section>
        )}
        {m.attempts.length > 0 && (
          <Section title={t("Attempts")}>
            <ul className="card lines small">{m.attempts.map((attempt, index) => <li key={index}><span className="number faint">{attempt.attempt}</span><Status value={attempt.outcome} /><span className="muted wrap grow mono">{[attempt.code, attempt.reply].filter(Boolean).join(" ")}</span><When at={attempt.finished_at ?? attempt.started_at} full /></li>)}</ul>
          </Section>
        )}
      </div>
      <dl className="facts">
        <Fact label={t("To")}>{contact.data ? <Link to={`/contacts/${m.contact_id}`}>{who}</Link> : who}</Fact>
        <Fact label={t("Campaign")}>{campaign.data && <Link to={`/campaigns/${m.campaign_id}`}>{campaign.data.name}</Link>}</Fact>
        <Fact label={t("Channel")}>{words(m.channel)}</Fact>
        <Fact label={t("Purpose")}>{words(m.purpose)}</Fact>
        <Fact label={t("Attempts")}>{m.attempt_count}</Fact>
        <Fact label={t("Due")}><When at={m.scheduled_at} full /></Fact>
        <Fact label={t("Sent")}><When at={m.sent_at} full /></Fact>
        <Fact label={t("Delivered")}><When at={m.delivered_at} full /></Fact>
        <Fact label={t("Opened")}><When at={m.opened_at} full /></Fact>
        <Fact label={t("Clicked")}><When at={m.clicked_at} full /></Fact>
        {m.bounced_at && <Fact label={t("Bounced")}><When at={m.bounced_at} full /></Fact>}
        {m.unsubscribed_at && <Fact label={t("Unsubscribed")}><When at={m.unsubscribed_at} full /></Fact>}
        {m.error && <Fact label={t("Error")}><span className="bad">{m.error}</span></Fact>}
        <Fact label={t("Provider's id")}>{m.provider_message_id && <code>{m.provider_message_id}</code>}</Fact>
        <Fact label={t("Id")}><code>{m.id}</code></Fact>
      </dl>
    </div>,
    (m.status === "failed" || m.status === "uncertain") && maySend(session) && routes.has("POST", "/messages/{id}/retry") ? <Button icon="refresh" busy={retry.isPending} onClick={() => retry.mutate()}>{t("Try again")}</Button> : undefined,
    <span className="row tight"><Status value={m.status} /> · {moment(m.sent_at ?? m.created_at)}</span>,
  );
}

