// The workspace itself: its name and zone, what it may send when, and this browser's own look.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, ApiError, type List, query } from "../api";
import { zone } from "../format";
import { Button, Field, Segmented, SelectField, TextArea, TextField } from "../kit/controls";
import { Fact, Loading, Notice, Page, Problem, Section, When } from "../kit/page";
import { say } from "../kit/toast";
import { OwnAccount } from "../parts/own_account";
import { mayAdminister, useSession } from "../session";
import { t } from "../texts";
import { setTheme, type Theme, theme } from "../theme";
import type { Sender, Template } from "../types";

interface Brand {
  name: string | null;
  color: string | null;
  footer: string | null;
}

interface DoubleOptIn {
  template_id: string | null;
  sender_id: string | null;
  valid_for: string | null;
}

interface Tenant {
  id: string;
  name: string;
  slug: string;
  time_zone: string;
  settings: { brand: Brand | null; double_opt_in: DoubleOptIn | null };
  created_at: string;
  updated_at: string;
}

const zones = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : ["UTC"];

// A form's fields are words; what is empty is not set.
type Words<T> = { [K in keyof T]: string };
function wordsOf<T extends object>(kept: T | null, keys: (keyof T)[]): Words<T> {
  return Object.fromEntries(keys.map((key) => [key, String(kept?.[key] ?? "")])) as Words<T>;
}
function setOf<T>(words: Words<T>): T | null {
  const entries = Object.entries(words).map(([key, value]) => [key, String(value).trim() || null]);
  return entries.some(([, value]) => value !== null) ? (Object.fromEntries(entries) as T) : null;
}
const brandOf = (tenant: Tenant) => wordsOf<Brand>(tenant.settings.brand, ["name", "color", "footer"]);
const optInOf = (tenant: Tenant) => wordsOf<DoubleOptIn>(tenant.settings.double_opt_in, ["template_id", "sender_id", "valid_for"]);
const same = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other);

function Workspace({ tenant, etag }: { tenant: Tenant; etag: string | null }) {
  const session = useSession();
  const client = useQueryClient();
  const [name, setName] = useState(tenant.name);
  const [timeZone, setTimeZone] = useState(tenant.time_zone);
  const [brand, setBrand] = useState(brandOf(tenant));
  const [optIn, setOptIn] = useState(optInOf(tenant));
  const templates = useQuery({ queryKey: ["templates", "all"], queryFn: () => api.get<List<Template>>(`/templates${query({ limit: 200 })}`) });
  const senders = useQuery({ queryKey: ["senders"], queryFn: () => api.get<List<Sender>>(`/senders${query({ limit: 200 })}`).then((list) => list.items) });
  const may = mayAdminister(session);
  useEffect(() => {
    setName(tenant.name);
    setTimeZone(tenant.time_zone);
    setBrand(brandOf(tenant));
    setOptIn(optInOf(tenant));
  }, [tenant]);
  const save = useMutation({
    mutationFn: (change: Partial<Tenant>) => api.patch<Tenant>("/tenant", change, etag),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["tenant"] });
      client.invalidateQueries({ queryKey: ["session"] });
      say(t("Saved"));
    },
  });
  const problem = save.error instanceof ApiError ? save.error : null;
  const settings = { brand: setOf<Brand>(brand), double_opt_in: setOf<DoubleOptIn>(optIn) };
  const otherSettings = !same(brand, brandOf(tenant)) || !same(optIn, optInOf(tenant));
  const changed = name !== tenant.name || timeZone !== tenant.time_zone || otherSettings;
  const submit = () => {
    const change: Partial<Tenant> = {};
    if (name !== tenant.name) change.name = name;
    if (timeZone !== tenant.time_zone) change.time_zone = timeZone;
    if (otherSettings) change.settings = settings;
    save.mutate(change);
  };
  return (
    <form className="form" onSubmit={(event) => { event.preventDefault(); submit(); }}>
      {problem?.status === 412 && <Notice tone="yellow" title={t("Somebody else has changed it meanwhile")} actions={<Button small onClick={() => { save.reset(); void client.invalidateQueries({ queryKey: ["tenant"] }); }}>{t("Read it again")}</Button>} />}
      {problem && problem.status !== 412 && !problem.fields.length && <Problem error={problem} />}
      <TextField label={t("Name")} required disabled={!may} maxLength={200} value={name} change={setName} error={problem?.field("name")} />
      <Field label={t("Time zone")} hint={t("For days in reports, and for people whose own zone is not known.")} error={problem?.field("time_zone")}><input className="input" list="zones" disabled={!may} value={timeZone} onChange={(event) => setTimeZone(event.currentTarget.value)} /></Field>
      <datalist id="zones">{zones.map((one) => <option key={one} value={one} />)}</datalist>
      <fieldset className="form" disabled={!may}>
        <legend>{t("Pages and mails for recipients")}</legend>
        <TextField label={t("Known to recipients as")} optional hint={t("On the unsubscribe, preference and confirmation pages; without it the workspace's name.")} maxLength={200} value={brand.name} change={(name) => setBrand({ ...brand, name })} error={problem?.field("settings/brand/name")} />
        <TextField label={t("Colour of buttons and links")} optional placeholder="#1f5fd0" maxLength={7} value={brand.color} change={(color) => setBrand({ ...brand, color })} error={problem?.field("settings/brand/color")} />
        <TextArea label={t("Footer of these pages")} optional hint={t("Who writes, and the postal address.")} rows={3} maxLength={2000} value={brand.footer} change={(footer) => setBrand({ ...brand, footer })} error={problem?.field("settings/brand/footer")} />
      </fieldset>
      <fieldset className="form" disabled={!may}>
        <legend>{t("Double opt-in")}</legend>
        <SelectField label={t("Mail that asks")} value={optIn.template_id} change={(template_id) => setOptIn({ ...optIn, template_id })} placeholder={t("Built-in, in the contact's language")} choices={(templates.data?.items ?? []).filter((one) => one.channel === "email").map((one) => ({ value: one.id, label: one.name }))} error={problem?.field("settings/double_opt_in/template_id")} />
        <SelectField label={t("Sent by")} value={optIn.sender_id} change={(sender_id) => setOptIn({ ...optIn, sender_id })} placeholder={t("The first verified sender")} choices={(senders.data ?? []).map((one) => ({ value: one.id, label: one.from_email }))} error={problem?.field("settings/double_opt_in/sender_id")} />
        <TextField label={t("The link works for")} optional placeholder="7d" hint={t("Like 48h or 7d.")} value={optIn.valid_for} change={(valid_for) => setOptIn({ ...optIn, valid_for })} error={problem?.field("settings/double_opt_in/valid_for")} />
      </fieldset>
      {may ? <div><Button look="primary" type="submit" disabled={!changed} busy={save.isPending}>{t("Save")}</Button></div> : <Notice>{t("Admins can change these.")}</Notice>}
    </form>
  );
}

export default function Settings() {
  const session = useSession();
  const [chosen, setChosen] = useState<Theme>(theme());
  const tenant = useQuery({ queryKey: ["tenant"], queryFn: () => api.read<Tenant>("/tenant"), refetchOnWindowFocus: false });
  return (
    <Page title={t("Settings")}>
      <div className="split">
        <Section title={t("Workspace")}>{tenant.isError ? <Problem error={tenant.error} again={() => tenant.refetch()} /> : !tenant.data ? <Loading lines={6} /> : <Workspace tenant={tenant.data.value} etag={tenant.data.etag} />}</Section>
        <div className="stack loose">
          <Section title={t("This browser")}>
            <div className="stack tight"><span className="label-text">{t("Theme")}</span><div><Segmented<Theme> label={t("Theme")} value={chosen} change={(value) => { setTheme(value); setChosen(value); }} choices={[{ value: "auto", label: t("As the system") }, { value: "light", label: t("Light") }, { value: "dark", label: t("Dark") }]} /></div></div>
            <dl className="facts"><Fact label={t("Times shown in")}>{zone}</Fact><Fact label={t("Numbers like")}>{new Intl.NumberFormat().format(1234567.8)}</Fact></dl>
          </Section>
          <Section title={t("You")}><dl className="facts"><Fact label={t("Signed in as")}>{session.email || session.name}</Fact><Fact label={t("Role")}>{t(session.role)}</Fact><Fact label={t("May send")}>{session.can_send ? t("yes") : t("no")}</Fact></dl></Section>
          <OwnAccount />
          <Section title={t("Sending")}><p className="muted small">{t("How often one person is written to, and how fast mail leaves.")}</p><div><Button small to="/senders?tab=rules">{t("Sending rules")}</Button></div></Section>
          {tenant.data && <Section title={t("For support")}><dl className="facts"><Fact label={t("Workspace")}><code>{tenant.data.value.slug}</code></Fact><Fact label={t("Id")}><code>{tenant.data.value.id}</code></Fact><Fact label={t("Since")}><When at={tenant.data.value.created_at} full /></Fact><Fact label={t("API")}><a href="/api/v1/openapi.json">openapi.json</a></Fact></dl></Section>}
        </div>
      </div>
    </Page>
  );
}
