// The workspace itself: its name and zone, what it may send when, and this browser's own look.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, ApiError } from "../api";
import { zone } from "../format";
import { Button, Field, Segmented, TextArea, TextField } from "../kit/controls";
import { Fact, Loading, Notice, Page, Problem, Section, When } from "../kit/page";
import { say } from "../kit/toast";
import { OwnAccount } from "../parts/own_account";
import { mayAdminister, useSession } from "../session";
import { t } from "../texts";
import { setTheme, type Theme, theme } from "../theme";

interface Tenant {
  id: string;
  name: string;
  slug: string;
  time_zone: string;
  settings: Record<string, unknown>;
  created_at: string;
  updated_at: string;
}

const zones = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : ["UTC"];

function Workspace({ tenant, etag }: { tenant: Tenant; etag: string | null }) {
  const session = useSession();
  const client = useQueryClient();
  const [name, setName] = useState(tenant.name);
  const [timeZone, setTimeZone] = useState(tenant.time_zone);
  const [settings, setSettings] = useState(JSON.stringify(tenant.settings, null, 2));
  const [broken, setBroken] = useState<string | null>(null);
  const may = mayAdminister(session);
  useEffect(() => {
    setName(tenant.name);
    setTimeZone(tenant.time_zone);
    setSettings(JSON.stringify(tenant.settings, null, 2));
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
  const changed = name !== tenant.name || timeZone !== tenant.time_zone || settings !== JSON.stringify(tenant.settings, null, 2);
  const submit = () => {
    const change: Partial<Tenant> = {};
    if (name !== tenant.name) change.name = name;
    if (timeZone !== tenant.time_zone) change.time_zone = timeZone;
    try {
      if (settings !== JSON.stringify(tenant.settings, null, 2)) change.settings = JSON.parse(settings) as Record<string, unknown>;
      setBroken(null);
      save.mutate(change);
    } catch (error) {
      setBroken(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form className="form" onSubmit={(event) => { event.preventDefault(); submit(); }}>
      {problem?.status === 412 && <Notice tone="yellow" title={t("Somebody else has changed it meanwhile")} actions={<Button small onClick={() => { save.reset(); void client.invalidateQueries({ queryKey: ["tenant"] }); }}>{t("Read it again")}</Button>} />}
      {problem && problem.status !== 412 && !problem.fields.length && <Problem error={problem} />}
      <TextField label={t("Name")} required disabled={!may} maxLength={200} value={name} change={setName} error={problem?.field("name")} />
      <Field label={t("Time zone")} hint={t("For days in reports, and for people whose own zone is not known.")} error={problem?.field("time_zone")}><input className="input" list="zones" disabled={!may} value={timeZone} onChange={(event) => setTimeZone(event.currentTarget.value)} /></Field>
      <datalist id="zones">{zones.map((one) => <option key={one} value={one} />)}</datalist>
      <TextArea label={t("More settings (JSON)")} disabled={!may} rows={8} spellCheck={false} value={settings} change={setSettings} error={broken ?? problem?.fields.find((one) => one.pointer.startsWith("/settings"))?.message} style={{ fontFamily: "ui-monospace, monospace", fontSize: 12.5 }} />
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
          {tenant.data && <Section title={t("For support")}><dl className="facts"><Fact label={t("Workspace")}><code>{tenant.data.value.slug}</code></Fact><Fact label={t("Id")}><code>{tenant.data.value.id}</code></Fact><Fact label={t("Since")}><When at={tenant.data.value.created_at} full /></Fact><Fact label={t("API")}><a href="/api/v1/openapi.json">openapi.json</a></Fact></dl></Section>}
        </div>
      </div>
    </Page>
  );
}
