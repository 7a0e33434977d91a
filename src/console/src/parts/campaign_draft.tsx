// A campaign before its launch: five steps that save themselves, and a review that says in numbers what will happen.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";

import { api, type List, query } from "../api";
import { count, moment } from "../format";
import { Button, Check, TextField } from "../kit/controls";
import { Glyph } from "../kit/glyph";
import { ask, Menu } from "../kit/layers";
import { Empty, Fact, Loading, Notice, Page, Problem, Section, Status, useTab } from "../kit/page";
import { say, sayProblem } from "../kit/toast";
import { maySend, mayWrite, useSession } from "../session";
import { t } from "../texts";
import type { Campaign, Provider, Sender, Template } from "../types";
import { blocked, Checks, finish, ForecastPanel, ForecastSum, useForecast } from "./forecast";
import { MailViews, type Rendered } from "./mail_frame";
import { SegmentsPicker, useSegments } from "./pickers";
import { useRoutes } from "./routes";
import { isNow, sayWhen, ScheduleStep, type When } from "./schedule_step";
import { TestSend } from "./test_send";
import { Held } from "./held";

// After a launch it can be taken back for this long.
const undoSeconds = 20;
// Above this many people their number must be typed before a launch.
const typedAbove = 100;

type Save = (change: Partial<Campaign>) => void;
interface StepProps {
  campaign: Campaign;
  save: Save;
}

function Audience({ campaign, save }: StepProps) {
  const segments = useSegments();
  return (
    <div className="split">
      <div className="form">
        <SegmentsPicker label={t("Send to the people of")} hint={t("Everybody who is in at least one of these segments when it starts.")} placeholder={t("Find a segment…")} ids={campaign.segment_ids} change={(segment_ids) => save({ segment_ids })} />
        <SegmentsPicker label={t("But not to")} hint={t("People in these segments are left out.")} placeholder={t("Nobody is left out")} ids={campaign.exclude_segment_ids} change={(exclude_segment_ids) => save({ exclude_segment_ids })} />
        {segments.data?.length === 0 && <Notice tone="blue" actions={<Button small to="/segments/new">{t("Make a segment")}</Button>}>{t("There are no segments yet. A segment says who should get your mail.")}</Notice>}
      </div>
      <Section title={t("Forecast")}><div className="card pad"><ForecastPanel campaign={campaign} /></div></Section>
    </div>
  );
}

// Somebody of the audience, so that a preview shows what one of them would get.
export function useSomebody(campaign: Campaign) {
  const segment = campaign.segment_ids[0];
  return useQuery({ queryKey: ["somebody", segment], enabled: Boolean(segment), staleTime: 60_000, queryFn: () => api.get<List<{ contact_id: string }>>(`/segments/${segment}/members${query({ limit: 1 })}`).then((list) => list.items[0]?.contact_id ?? null) });
}

export function usePreview(templateId: string | null, contactId?: string | null) {
  return useQuery({ queryKey: ["preview", templateId, contactId ?? null], enabled: Boolean(templateId), queryFn: () => api.post<Rendered>(`/templates/${templateId}/preview`, contactId ? { contact_id: contactId } : {}) });
}

function Preview({ campaign, templateId, from }: { campaign: Campaign; templateId: string; from?: string }) {
  const somebody = useSomebody(campaign);
  const preview = usePreview(somebody.isLoading ? null : templateId, somebody.data);
  if (preview.isError) return <Problem error={preview.error} again={() => preview.refetch()} />;
  if (!preview.data) return <Loading lines={6} />;
  return <MailViews mail={preview.data} from={from} height={440} />;
}

function Content({ campaign, save }: StepProps) {
  const templates = useQuery({ queryKey: ["templates", "all"], queryFn: () => api.get<List<Template>>(`/templates${query({ limit: 200 })}`) });
  const [typed, setTyped] = useState("");
  if (templates.isError) return <Problem error={templates.error} />;
  if (!templates.data) return <Loading />;
  const items = templates.data.items.filter((template) => template.channel === "email" && template.name.toLowerCase().includes(typed.toLowerCase()));
  if (templates.data.items.length === 0) return <Empty icon="page" title={t("No templates yet")} action={<Button look="primary" to="/templates?new=1">{t("Write a template")}</Button>} />;
  return (
    <div className="workbench">
      <div className="stack tight">
        {templates.data.items.length > 6 && <TextField hideLabel label={t("Filter templates")} icon="search" type="search" placeholder={t("Filter templates…")} value={typed} change={setTyped} />}
        <div className="stack tight" role="radiogroup" aria-label={t("Template")} style={{ maxHeight: 560, overflowY: "auto", padding: 2 }}>
          {items.map((template) => (
            <div key={template.id} className="choice"><Check kind="radio" name="template" checked={campaign.template_id === template.id} change={() => save({ template_id: template.id })} label={<span className="strong wrap">{template.name}</span>} hint={<span className="wrap">{template.subject || t("No subject")} · {t("version {n}", { n: template.version })}</span>} /></div>
          ))}
        </div>
        <div className="row"><Button small icon="plus" to="/templates?new=1">{t("New template")}</Button>{campaign.template_id && <Button small to={`/templates/${campaign.template_id}`}>{t("Edit this one")}</Button>}</div>
      </div>
      {campaign.template_id ? <Preview campaign={campaign} templateId={campaign.template_id} /> : <Empty icon="eye" title={t("Choose a template to see it")} />}
    </div>
  );
}

const useSenders = () => useQuery({ queryKey: ["senders"], queryFn: () => api.get<List<Sender>>(`/senders${query({ limit: 200 })}`).then((list) => list.items) });

function SenderStep({ campaign, save }: StepProps) {
  const senders = useSenders();
  const providers = useQuery({ queryKey: ["providers"], queryFn: () => api.get<List<Provider>>(`/providers${query({ limit: 200 })}`).then((list) => list.items) });
  if (senders.isError) return <Problem error={senders.error} />;
  if (!senders.data) return <Loading />;
  if (senders.data.length === 0) return <Empty icon="mail" title={t("No senders yet")} action={<Button look="primary" to="/senders?new=sender">{t("Add a sender")}</Button>}>{t("A sender is the name and address your mail comes from.")}</Empty>;
  return (
    <div className="stack tight" role="radiogroup" aria-label={t("Sender")} style={{ maxWidth: 560 }}>
      {senders.data.map((sender) => (
        <div key={sender.id} className="choice">
          <div className="grow"><Check kind="radio" name="sender" checked={campaign.sender_id === sender.id} change={() => save({ sender_id: sender.id })} label={<span className="strong wrap">{sender.from_name}</span>}
            hint={<span className="wrap">{sender.from_email}{sender.reply_to && ` · ${t("replies to {address}", { address: sender.reply_to })}`} · {providers.data?.find((one) => one.id === sender.provider_id)?.name}</span>} /></div>
          <Status value={sender.verified ? "verified" : "unverified"} />
        </div>
      ))}
    </div>
  );
}

function Review({ campaign, go }: { campaign: Campaign; go: (step: string) => void }) {
  const when = campaign.schedule as When;
  const at = !isNow(when);
  const session = useSession();
  const routes = useRoutes();
  const undoable = routes.has("POST", "/campaigns/{id}/undo");
  const client = useQueryClient();
  const segments = useSegments();
  const senders = useSenders();
  const template = useQuery({ queryKey: ["template", campaign.template_id], enabled: Boolean(campaign.template_id), queryFn: () => api.get<Template>(`/templates/${campaign.template_id}`) });
  const complete = campaign.segment_ids.length > 0 && campaign.template_id && campaign.sender_id;
  const forecast = useForecast(campaign);
  const sender = senders.data?.find((one) => one.id === campaign.sender_id);
  const names = (ids: string[]) => ids.map((id) => segments.data?.find((one) => one.id === id)?.name ?? "…").join(", ");
  const launch = useMutation({
    mutationFn: () => (at ? api.post<Campaign>(`/campaigns/${campaign.id}/schedule`, when) : api.post<Campaign>(`/campaigns/${campaign.id}/launch`, undoable ? { undo_seconds: undoSeconds } : undefined)),
    onSuccess: (launched) => {
      client.setQueryData(["campaign", campaign.id], launched);
      client.invalidateQueries({ queryKey: ["report", campaign.id] });
      client.invalidateQueries({ queryKey: ["list", "/campaigns"] });
      client.invalidateQueries({ queryKey: ["campaigns"] });
      if (at) say(t("Scheduled: {time}", { time: launched.next_run_at ? moment(launched.next_run_at) : sayWhen(when) }));
    },
    onError: sayProblem,
  });
  const many = forecast.data?.will_send ?? 0;
  const what = { n: count(many), subject: template.data?.subject ?? "" };
  const confirm = async () => {
    const sure = await ask({
      title: at ? t("Schedule this campaign?") : t("Launch this campaign?"),
      text: at ? t("About {n} people will get “{subject}”: {time}.", { n: count(many), subject: template.data?.subject ?? "", time: sayWhen(when) }) : undoable ? t("{n} people will get “{subject}”. You have twenty seconds to undo it.", what) : t("{n} people will get “{subject}”.", what),
      yes: at ? t("Schedule") : t("Launch"),
      typed: many > typedAbove ? count(many) : undefined,
    });
    if (sure) launch.mutate();
  };
  const missing: [boolean, string, string][] = [
    [campaign.segment_ids.length === 0, t("Choose at least one segment"), "audience"],
    [!campaign.template_id, t("Choose a template"), "content"],
    [!campaign.sender_id, t("Choose a sender"), "sender"],
  ];
  const done = forecast.data ? finish(campaign, forecast.data) : null;
  return (
    <div className="split">
      <div className="stack loose">
        {missing.some(([lacks]) => lacks) && <Notice tone="yellow" title={t("Not complete yet")}><ul>{missing.filter(([lacks]) => lacks).map(([, text, step]) => <li key={step}><button type="button" className="link-button" onClick={() => go(step)}>{text}</button></li>)}</ul></Notice>}
        {launch.isError && <Problem error={launch.error} />}
        <Section title={t("What happens")}>
          <dl className="facts card pad">
            <Fact label={t("To")}><span>{names(campaign.segment_ids)}{campaign.exclude_segment_ids.length > 0 && <span className="muted"> {t("but not {names}", { names: names(campaign.exclude_segment_ids) })}</span>}</span></Fact>
            <Fact label={t("From")}>{sender && <span>{sender.from_name} &lt;{sender.from_email}&gt; {!sender.verified && <Status value="unverified" />}</span>}</Fact>
            <Fact label={t("Subject")}>{template.data?.subject}</Fact>
            <Fact label={t("When")}>{sayWhen(when)}</Fact>
            <Fact label={t("Pace")}>{campaign.throttle_per_minute ? t("at most {n} a minute", { n: count(campaign.throttle_per_minute) }) : t("as fast as the provider takes them")}</Fact>
            {done && <Fact label={t("Done")}>{done}</Fact>}
            <Fact label={t("Measuring")}>{campaign.tracking ? t("opens and clicks") : t("off")}</Fact>
          </dl>
        </Section>
        {campaign.template_id && <Section title={t("How it looks")} actions={<TestSend templateId={campaign.template_id} senderId={campaign.sender_id} />}><Preview campaign={campaign} templateId={campaign.template_id} from={sender ? `${sender.from_name} <${sender.from_email}>` : undefined} /></Section>}
      </div>
      <div className="stack" style={{ position: "sticky", top: 16 }}>
        <Section title={t("Forecast")}>
          <div className="card pad stack">
            {forecast.data ? <ForecastSum forecast={forecast.data} /> : forecast.isError ? <Problem error={forecast.error} /> : campaign.segment_ids.length ? <Loading lines={3} /> : <span className="muted small">{t("No audience yet.")}</span>}
            {forecast.data?.checks && <Checks checks={forecast.data.checks} />}
            {maySend(session)
              ? <Button look="primary" icon={at ? "clock" : "send"} style={{ height: 38 }} disabled={!complete || !forecast.data || many === 0 || blocked(forecast.data)} busy={launch.isPending} onClick={confirm}>{at && campaign.status === "scheduled" ? t("Schedule anew for {n} people", { n: count(many) }) : at ? t("Schedule for {n} people", { n: count(many) }) : t("Launch to {n} people", { n: count(many) })}</Button>
              : <Notice>{t("You may prepare campaigns, but not launch them. Somebody with the right to send can.")}</Notice>}
            {complete && forecast.data && many === 0 && <span className="muted small">{t("Nobody would get it. The sum above says why.")}</span>}
          </div>
        </Section>
      </div>
    </div>
  );
}

export function CampaignDraft({ campaign: kept }: { campaign: Campaign }) {
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const steps = [{ value: "audience", label: t("Audience") }, { value: "content", label: t("Content") }, { value: "sender", label: t("Sender") }, { value: "schedule", label: t("Schedule") }, { value: "review", label: t("Review") }];
  const [step, setStep] = useTab(steps, "step");
  // What was chosen is shown at once and stays until the server has answered the last change.
  const [chosen, setChosen] = useState<Partial<Campaign>>({});
  const open = useRef(0);
  const campaign = { ...kept, ...chosen };
  const key = ["campaign", campaign.id];
  const change = useMutation({
    mutationFn: (wanted: Partial<Campaign>) => api.patch<Campaign>(`/campaigns/${campaign.id}`, wanted),
    onSuccess: (saved) => client.setQueryData(key, saved),
    onError: (error) => {
      sayProblem(error);
      setChosen({});
      void client.invalidateQueries({ queryKey: key });
    },
    onSettled: () => {
      open.current -= 1;
    },
    scope: { id: `campaign-${campaign.id}` },
  });
  useEffect(() => {
    if (open.current === 0) setChosen({});
  }, [kept.updated_at]);
  const write = mayWrite(session);
  const save: Save = (wanted) => {
    if (!write) return;
    open.current += 1;
    setChosen((before) => ({ ...before, ...wanted }));
    change.mutate(wanted);
  };
  const done: Record<string, boolean> = { audience: campaign.segment_ids.length > 0, content: Boolean(campaign.template_id), sender: Boolean(campaign.sender_id), schedule: Boolean(campaign.template_id && campaign.sender_id), review: false };
  const index = steps.findIndex((one) => one.value === step);
  const remove = async () => {
    if (!(await ask({ title: t("Delete this draft?"), text: t("“{name}” is removed. Its template and segments stay.", { name: campaign.name }), yes: t("Delete"), danger: true }))) return;
    try {
      await api.remove(`/campaigns/${campaign.id}`);
      client.invalidateQueries({ queryKey: ["list", "/campaigns"] });
      say(t("Draft deleted"));
      navigate("/campaigns");
    } catch (error) {
      sayProblem(error);
    }
  };
  const unschedule = useMutation({ mutationFn: () => api.post<Campaign>(`/campaigns/${campaign.id}/undo`), onSuccess: (saved) => { client.setQueryData(key, saved); say(t("It is a draft again and will not be sent")); }, onError: sayProblem });
  return (
    <Page title={campaign.name} crumb={{ to: "/campaigns", label: t("Campaigns") }}
      heading={<EditableName name={campaign.name} may={write} save={(name) => save({ name })} />}
      note={<span className="row tight wraps"><Status value={campaign.status} />{campaign.status === "scheduled" && <span>· {t("starts {time}", { time: moment(campaign.next_run_at) })}</span>}<span className="faint" aria-live="polite">{change.isPending ? `· ${t("Saving…")}` : change.isSuccess ? `· ${t("Saved")}` : ""}</span></span>}
      actions={<>{campaign.status === "scheduled" && maySend(session) && <Button onClick={() => unschedule.mutate()} busy={unschedule.isPending}>{t("Back to draft")}</Button>}{write && <Menu label={t("More")} items={[{ label: t("Delete draft"), icon: "trash", danger: true, run: remove, disabled: campaign.status !== "draft" }]} />}</>}>
      <div className="stack loose">
        <Held campaign={campaign} />
        <div className="steps" role="group" aria-label={t("Steps")}>
          {steps.map((one) => <button key={one.value} type="button" className={done[one.value] ? "done" : ""} aria-current={one.value === step ? "step" : undefined} onClick={() => setStep(one.value)}>{one.label}</button>)}
        </div>
        <div>
          {step === "audience" && <Audience campaign={campaign} save={save} />}
          {step === "content" && <Content campaign={campaign} save={save} />}
          {step === "sender" && <SenderStep campaign={campaign} save={save} />}
          {step === "schedule" && <ScheduleStep campaign={campaign} save={save} />}
          {step === "review" && <Review campaign={campaign} go={setStep} />}
        </div>
        <div className="row between">
          {index > 0 ? <Button onClick={() => setStep(steps[index - 1]?.value ?? "audience")}>{t("Back")}</Button> : <span />}
          {index < steps.length - 1 && <Button look="primary" onClick={() => setStep(steps[index + 1]?.value ?? "review")}>{t("Continue")}<Glyph name="right" size={14} /></Button>}
        </div>
      </div>
    </Page>
  );
}

export function EditableName({ name, may, save }: { name: string; may: boolean; save: (name: string) => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  if (!may) return <>{name}</>;
  const end = () => {
    if (typed !== null && typed.trim() && typed.trim() !== name) save(typed.trim());
    setTyped(null);
  };
  if (typed === null) return <button type="button" className="link-button" style={{ color: "inherit", textAlign: "left" }} title={t("Rename")} onClick={() => setTyped(name)}>{name}</button>;
  return <input className="input" aria-label={t("Name")} autoFocus maxLength={255} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} onBlur={end} onKeyDown={(event) => (event.key === "Enter" ? end() : event.key === "Escape" ? setTyped(null) : undefined)} style={{ fontSize: 16, fontWeight: 600, maxWidth: 420 }} />;
}

