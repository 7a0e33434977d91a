// The names mail comes from, and the ways out: each with its last check and what it said.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, ApiError, type List, query } from "../api";
import { words } from "../format";
import { Button, Check, Copyable, Field, SelectField, TextField } from "../kit/controls";
import { Glyph } from "../kit/glyph";
import { ask, Dialog, Menu } from "../kit/layers";
import { Empty, Loading, Notice, Page, Problem, Section, Status, Tabs, useFilter, useTab, When } from "../kit/page";
import { say, sayProblem } from "../kit/toast";
import { useRoutes } from "../parts/routes";
import { SendingRules } from "../parts/sending_rules";
import { mayAdminister, mayWrite, useSession } from "../session";
import { t } from "../texts";
import type { Provider, Sender } from "../types";

interface Setting {
  key: string;
  label: string;
  kind?: "number" | "secret" | "choice";
  choices?: string[];
  hint?: string;
  required?: boolean;
  start?: string;
}

const kinds: Record<string, { label: string; text: string; fields: Setting[] }> = {
  smtp: {
    label: "SMTP", text: t("Your own mail server, or any service with SMTP."),
    fields: [
      { key: "host", label: t("Server"), required: true },
      { key: "port", label: t("Port"), kind: "number", start: "587" },
      { key: "security", label: t("Security"), kind: "choice", choices: ["starttls", "tls", "none"], start: "starttls" },
      { key: "username", label: t("User name") },
      { key: "password", label: t("Password"), kind: "secret" },
      { key: "max_connections", label: t("Connections at once"), kind: "number" },
    ],
  },
  sendgrid: {
    label: "SendGrid", text: t("With opens, clicks and bounces reported back."),
    fields: [
      { key: "api_key", label: t("API key"), kind: "secret", required: true },
      { key: "webhook_public_key", label: t("Public key of the event webhook"), hint: t("So that nobody else can report events.") },
      { key: "base_url", label: t("Base address"), hint: t("Empty for api.sendgrid.com.") },
    ],
  },
  file: { label: t("Folder"), text: t("Every mail becomes a file: for trying out."), fields: [{ key: "directory", label: t("Folder"), required: true }] },
};

const checked = (provider: Provider) => (provider.check_status === null ? "unchecked" : ["ok", "good", "passed"].includes(provider.check_status) ? "ok" : "down");

export function ProviderForm({ provider, close, done }: { provider?: Provider; close: () => void; done?: (provider: Provider) => void }) {
  const client = useQueryClient();
  const [kind, setKind] = useState(provider?.kind ?? "smtp");
  const [name, setName] = useState(provider?.name ?? "");
  const fields = kinds[kind]?.fields ?? [];
  const [values, setValues] = useState<Record<string, string>>(Object.fromEntries(Object.entries(provider?.settings ?? {}).filter(([, value]) => typeof value !== "object").map(([key, value]) => [key, String(value)])));
  const save = useMutation({
    mutationFn: () => {
      const settings: Record<string, unknown> = {};
      for (const field of fields) {
        const value = values[field.key] ?? field.start ?? "";
        // A secret is never shown; left empty it stays as it is.
        if (value === "" || (field.kind === "secret" && /^[*•]+$/.test(value))) continue;
        settings[field.key] = field.kind === "number" ? Number(value) : value;
      }
      return provider ? api.patch<Provider>(`/providers/${provider.id}`, { name, settings }) : api.post<Provider>("/providers", { name: name || (kinds[kind]?.label ?? kind), kind, settings });
    },
    onSuccess: (saved) => {
      client.invalidateQueries({ queryKey: ["providers"] });
      say(provider ? t("Saved") : t("Provider added. Check it before you rely on it."));
      done?.(saved);
      close();
    },
  });
  const problem = save.error instanceof ApiError ? save.error : null;
  const placed = problem?.fields.some((one) => one.pointer === "/name" || fields.some((field) => one.pointer === `/settings/${field.key}`));
  return (
    <Dialog open close={close} title={provider ? t("Change {name}", { name: provider.name }) : t("Add a provider")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" type="submit" form="provider" busy={save.isPending}>{provider ? t("Save") : t("Add provider")}</Button></>}>
      <form id="provider" className="stack" autoComplete="off" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        {save.isError && !placed && <Problem error={save.error} />}
        {!provider && <div className="stack tight" role="radiogroup" aria-label={t("Kind")}>{Object.entries(kinds).map(([id, one]) => <div key={id} className="choice"><Check kind="radio" name="kind" checked={kind === id} change={() => setKind(id)} label={<span className="strong">{one.label}</span>} hint={one.text} /></div>)}</div>}
        <TextField label={t("Name")} value={name} change={setName} placeholder={kinds[kind]?.label} error={problem?.field("name")} />
        {fields.map((field) => {
          const shared = { label: field.label, hint: field.kind === "secret" && provider ? t("Kept encrypted and never shown. Empty: it stays as it is.") : field.hint, optional: !field.required && field.kind !== "choice", error: problem?.field(`settings/${field.key}`), value: values[field.key] ?? field.start ?? "", change: (value: string) => setValues({ ...values, [field.key]: value }) };
          if (field.kind === "choice") return <SelectField key={field.key} {...shared} choices={(field.choices ?? []).map((one) => ({ value: one, label: one === "none" ? t("None") : one.toUpperCase() }))} />;
          return <TextField key={field.key} {...shared} required={field.required && !(field.kind === "secret" && provider)} type={field.kind === "secret" ? "password" : field.kind === "number" ? "number" : "text"} autoComplete={field.kind === "secret" ? "new-password" : "off"} />;
        })}
      </form>
    </Dialog>
  );
}

export function SenderForm({ sender, providers, close, done }: { sender?: Sender; providers: Provider[]; close: () => void; done?: (sender: Sender) => void }) {
  const session = useSession();
  const client = useQueryClient();
  const [form, setForm] = useState({ from_email: sender?.from_email ?? "", from_name: sender?.from_name ?? "", reply_to: sender?.reply_to ?? "", provider_id: sender?.provider_id ?? providers[0]?.id ?? "" });
  const [verified, setVerified] = useState(sender?.verified ?? false);
  const admin = mayAdminister(session);
  const save = useMutation({
    mutationFn: () => {
      const body = { ...form, reply_to: form.reply_to || null, ...(admin && { verified }) };
      return sender ? api.patch<Sender>(`/senders/${sender.id}`, body) : api.post<Sender>("/senders", body);
    },
    onSuccess: (saved) => {
      client.invalidateQueries({ queryKey: ["senders"] });
      say(sender ? t("Saved") : t("Sender added"));
      done?.(saved);
      close();
    },
  });
  const problem = save.error instanceof ApiError ? save.error : null;
  const put = (key: keyof typeof form) => (value: string) => setForm({ ...form, [key]: value });
  return (
    <Dialog open close={close} title={sender ? t("Change {name}", { name: sender.from_email }) : t("Add a sender")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" type="submit" form="sender" busy={save.isPending}>{sender ? t("Save") : t("Add sender")}</Button></>}>
      <form id="sender" className="stack" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        {save.isError && !problem?.fields.length && <Problem error={save.error} />}
        <TextField label={t("Name readers see")} required autoFocus value={form.from_name} change={put("from_name")} error={problem?.field("from_name")} />
        <TextField label={t("Address")} type="email" required value={form.from_email} change={put("from_email")} error={problem?.field("from_email")} />
        <TextField label={t("Replies go to")} type="email" optional value={form.reply_to} change={put("reply_to")} error={problem?.field("reply_to")} />
        <SelectField label={t("Provider")} required value={form.provider_id} change={put("provider_id")} placeholder={t("Choose…")} choices={providers.map((one) => ({ value: one.id, label: one.name }))} error={problem?.field("provider_id")} />
        {admin && <Check checked={verified} change={setVerified} label={t("I vouch for this address")} hint={t("You may use it, and its domain names your provider in SPF and DKIM. Until then nothing is sent from it.")} />}
      </form>
    </Dialog>
  );
}

interface Report {
  ok: boolean;
  items: { name: string; ok: boolean; detail: string }[];
}

function ProviderCard({ provider, edit }: { provider: Provider; edit: () => void }) {
  const session = useSession();
  const client = useQueryClient();
  const check = useMutation({ mutationFn: () => api.post<Report>(`/providers/${provider.id}/check`), onSettled: () => client.invalidateQueries({ queryKey: ["providers"] }), onError: sayProblem });
  const remove = async () => {
    if (await ask({ title: t("Delete {name}?", { name: provider.name }), text: t("Senders that use it send nothing until they have another provider."), yes: t("Delete"), danger: true })) api.remove(`/providers/${provider.id}`).then(() => { client.invalidateQueries({ queryKey: ["providers"] }); say(t("Deleted")); }, sayProblem);
  };
  const stopped = Boolean(provider.breaker?.state && provider.breaker.state !== "closed");
  const state = check.data ? (check.data.ok ? "ok" : "down") : checked(provider);
  const shown = Object.entries(provider.settings).filter(([, value]) => value !== null && value !== "" && typeof value !== "object");
  return (
    <div className="card pad stack tight">
      <div className="row"><span className="strong cut">{provider.name}</span><span className="tag">{kinds[provider.kind]?.label ?? words(provider.kind)}</span><span className="push"><Status value={state} label={state === "ok" ? t("Works") : state === "down" ? t("Does not work") : t("Not checked yet")} /></span></div>
      {shown.length > 0 && <div className="muted small wrap">{shown.map(([key, value]) => `${words(key)}: ${String(value)}`).join(" · ")}</div>}
      {check.data ? <ul className="stack snug small">{check.data.items.map((item) => <li key={item.name} className="row top"><span className={item.ok ? "good" : "bad"}><Glyph name={item.ok ? "check" : "cross"} /></span><span className="wrap"><span className="strong">{words(item.name)}</span> <span className="muted">{item.detail}</span></span></li>)}</ul>
        : provider.check_detail && <div className={`small wrap ${state === "down" ? "bad" : "muted"}`}>{provider.check_detail}</div>}
      {stopped && <Notice tone="yellow" title={t("Paused after failures")}>{String(provider.breaker?.reason ?? "")} {t("It is tried again by itself.")}</Notice>}
      {provider.webhook_path && <Field label={t("Address for its event webhook")} hint={t("Enter it there, so that deliveries, bounces and complaints come back.")}><CopyField value={window.location.origin + provider.webhook_path} /></Field>}
      <div className="row between"><span className="faint tiny">{provider.checked_at ? <>{t("checked")} <When at={provider.checked_at} /></> : null}</span><span className="row tight">
        {mayWrite(session) && <Button small icon="refresh" busy={check.isPending} onClick={() => check.mutate()}>{t("Check")}</Button>}
        {mayAdminister(session) && <Menu label={t("Actions for {name}", { name: provider.name })} trigger={(open) => <Button small look="ghost" icon="more" label={t("Actions for {name}", { name: provider.name })} aria-haspopup="menu" aria-expanded={open} />} items={[kinds[provider.kind] ? { label: t("Change…"), icon: "gear", run: edit } : null, { label: t("Delete…"), icon: "trash", danger: true, run: remove }]} />}
      </span></div>
    </div>
  );
}

const CopyField = ({ value, ...handed }: { value: string; id?: string }) => <div {...handed}><Copyable label={t("Address for its event webhook")} value={value} /></div>;

// A key that signs this sender's mail, and the record that tells the world about it.
function Dkim({ sender, close }: { sender: Sender; close: () => void }) {
  const client = useQueryClient();
  const [selector, setSelector] = useState("");
  const make = useMutation({ mutationFn: () => api.post<Sender>(`/senders/${sender.id}/dkim`, selector ? { selector } : {}), onSuccess: () => client.invalidateQueries({ queryKey: ["senders"] }) });
  const key = make.data?.dkim ?? sender.dkim;
  const remove = () => void api.remove(`/senders/${sender.id}/dkim`).then(() => { client.invalidateQueries({ queryKey: ["senders"] }); say(t("Mail is not signed any more")); close(); }, sayProblem);
  return (
    <Dialog open close={close} title={t("Signature of {address}", { address: sender.from_email })} foot={key ? <><Button look="danger" onClick={remove}>{t("Sign no more")}</Button><Button look="primary" onClick={close}>{t("Done")}</Button></> : <><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" busy={make.isPending} onClick={() => make.mutate()}>{t("Make a key")}</Button></>}>
      <div className="stack">
        {make.isError && <Problem error={make.error} />}
        {key ? <>
          <p className="muted">{t("Publish this TXT record at {domain}. From then on readers' mail servers can tell that the mail is yours.", { domain: key.domain })}</p>
          <div className="stack tight"><span className="label-text">{t("Name")}</span><Copyable label={t("Name")} value={key.record_name} /></div>
          <div className="stack tight"><span className="label-text">{t("Text")}</span><Copyable label={t("Text")} value={key.record_text} /></div>
        </> : <>
          <p className="muted">{t("A DKIM key signs every mail of this sender. You publish its public half in your DNS.")}</p>
          <TextField label={t("Selector")} optional hint={t("Empty: one is chosen.")} value={selector} change={setSelector} />
        </>}
      </div>
    </Dialog>
  );
}

function SenderCard({ sender, providers, edit }: { sender: Sender; providers: Provider[]; edit: () => void }) {
  const session = useSession();
  const client = useQueryClient();
  const routes = useRoutes();
  const [signing, setSigning] = useState(false);
  const path = routes.has("POST", "/senders/{id}/verify");
  const signs = mayAdminister(session) && routes.has("POST", "/senders/{id}/dkim");
  const verify = useMutation({ mutationFn: () => api.post(`/senders/${sender.id}/verify`), onSuccess: () => say(t("A mail with a link is on its way to {address}", { address: sender.from_email })), onError: sayProblem });
  const vouch = () => void api.patch(`/senders/${sender.id}`, { verified: true }).then(() => { client.invalidateQueries({ queryKey: ["senders"] }); say(t("{address} may be used now", { address: sender.from_email })); }, sayProblem);
  const remove = async () => {
    if (await ask({ title: t("Delete {name}?", { name: sender.from_email }), text: t("Campaigns that use it are not sent until they have another sender."), yes: t("Delete"), danger: true })) api.remove(`/senders/${sender.id}`).then(() => { client.invalidateQueries({ queryKey: ["senders"] }); say(t("Deleted")); }, sayProblem);
  };
  const provider = providers.find((one) => one.id === sender.provider_id);
  return (
    <div className="card pad stack tight">
      <div className="row"><span className="strong cut">{sender.from_name || sender.from_email}</span><span className="push"><Status value={sender.verified ? "verified" : "unverified"} /></span></div>
      <div className="muted small wrap">{sender.from_email}{sender.reply_to && ` · ${t("replies to {address}", { address: sender.reply_to })}`}{sender.dkim && ` · ${t("signed by {domain}", { domain: sender.dkim.domain })}`}</div>
      <div className="row between"><span className="faint tiny cut">{provider ? t("through {name}", { name: provider.name }) : t("without provider")}</span><span className="row tight">
        {!sender.verified && path && mayWrite(session) && <Button small busy={verify.isPending} onClick={() => verify.mutate()}>{t("Verify by mail")}</Button>}
        {!sender.verified && mayAdminister(session) && <Button small onClick={vouch}>{t("Vouch for it")}</Button>}
        {mayWrite(session) && <Menu label={t("Actions for {name}", { name: sender.from_email })} trigger={(open) => <Button small look="ghost" icon="more" label={t("Actions for {name}", { name: sender.from_email })} aria-haspopup="menu" aria-expanded={open} />} items={[{ label: t("Change…"), icon: "gear", run: edit }, signs && { label: sender.dkim ? t("Signature (DKIM)…") : t("Sign its mail (DKIM)…"), icon: "key", run: () => setSigning(true) }, { label: t("Delete…"), icon: "trash", danger: true, run: remove }]} />}
      </span></div>
      {signing && <Dkim sender={sender} close={() => setSigning(false)} />}
    </div>
  );
}

export default function Senders() {
  const session = useSession();
  const [isNew, setNew] = useFilter("new");
  const [editing, setEditing] = useState<{ provider?: Provider; sender?: Sender } | null>(null);
  const providers = useQuery({ queryKey: ["providers"], queryFn: () => api.get<List<Provider>>(`/providers${query({ limit: 200 })}`).then((list) => list.items) });
  const senders = useQuery({ queryKey: ["senders"], queryFn: () => api.get<List<Sender>>(`/senders${query({ limit: 200 })}`).then((list) => list.items) });
  const failed = providers.error ?? senders.error;
  const routes = useRoutes();
  const tabs = [{ value: "who", label: t("Senders & providers") }, ...(routes.has("GET", "/sending-settings") ? [{ value: "rules", label: t("Sending rules") }] : [])];
  const [tab, setTab] = useTab(tabs);
  return (
    <Page title={t("Senders & providers")} note={t("Who your mail comes from, and how it leaves.")}>
      {failed ? <Problem error={failed} again={() => { void providers.refetch(); void senders.refetch(); }} /> : !providers.data || !senders.data ? <Loading lines={6} /> : (
        <div className="stack loose">
          {tabs.length > 1 && <Tabs label={t("Parts")} tabs={tabs} value={tab} change={setTab} />}
          {tab === "rules" ? <SendingRules providers={providers.data} /> : <>
          <Section title={t("Senders")} actions={mayWrite(session) && <Button small icon="plus" disabled={providers.data.length === 0} onClick={() => setNew("sender")}>{t("Add a sender")}</Button>}>
            {senders.data.length === 0 ? <div className="card"><Empty icon="mail" title={t("No senders yet")}>{providers.data.length ? t("A sender is the name and address your mail comes from.") : t("Add a provider first.")}</Empty></div> : <div className="grid" style={{ "--min": "340px" } as React.CSSProperties}>{senders.data.map((sender) => <SenderCard key={sender.id} sender={sender} providers={providers.data} edit={() => setEditing({ sender })} />)}</div>}
          </Section>
          <Section title={t("Providers")} actions={mayAdminister(session) && <Button small icon="plus" onClick={() => setNew("provider")}>{t("Add a provider")}</Button>}>
            {providers.data.length === 0 ? <div className="card"><Empty icon="plug" title={t("No way out yet")} action={mayAdminister(session) && <Button look="primary" onClick={() => setNew("provider")}>{t("Add a provider")}</Button>}>{t("A provider takes your mail to its readers: SMTP, SendGrid, or a folder for trying out.")}</Empty></div> : <div className="grid" style={{ "--min": "340px" } as React.CSSProperties}>{providers.data.map((provider) => <ProviderCard key={provider.id} provider={provider} edit={() => setEditing({ provider })} />)}</div>}
          </Section>
          {!mayAdminister(session) && <Notice>{t("Providers can be changed by admins.")}</Notice>}
          </>}
        </div>
      )}
      {isNew === "provider" && <ProviderForm close={() => setNew(null)} />}
      {isNew === "sender" && providers.data && <SenderForm providers={providers.data} close={() => setNew(null)} />}
      {editing?.provider && <ProviderForm provider={editing.provider} close={() => setEditing(null)} />}
      {editing?.sender && providers.data && <SenderForm sender={editing.sender} providers={providers.data} close={() => setEditing(null)} />}
    </Page>
  );
}
