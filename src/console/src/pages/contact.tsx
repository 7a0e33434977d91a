// One person: profile, one timeline of everything, consent with its proof, messages, and which segments they are in and why.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { api, ApiError, type List, query } from "../api";
import { none, words } from "../format";
import { Button, SelectField, TagsField, TextArea, TextField } from "../kit/controls";
import { Glyph } from "../kit/glyph";
import { ask, Dialog, Menu } from "../kit/layers";
import { Empty, Fact, Loading, Notice, Page, Problem, Section, Status, Tabs, Tags, useTab, When } from "../kit/page";
import { say, sayProblem } from "../kit/toast";
import { AuditOf } from "../parts/audit_table";
import { MessagesTable } from "../parts/messages_table";
import { useSegments } from "../parts/pickers";
import { explainable, useRoutes } from "../parts/routes";
import { Timeline } from "../parts/timeline";
import { mayAdminister, mayWrite, useSession } from "../session";
import { t } from "../texts";
import { type Contact, personName } from "../types";

interface Consent {
  id: string;
  channel: string;
  consent_type: string;
  status: string;
  source: string | null;
  ip_address: string | null;
  text_shown: string | null;
  granted_at: string | null;
  revoked_at: string | null;
  expires_at: string | null;
  updated_at: string;
}

interface Suppression {
  id: string;
  email_address: string;
  reason: string;
  source: string | null;
  created_at: string;
}

const channels = ["email", "sms", "push"] as const;
const purposes = ["marketing", "transactional"] as const;

function RecordConsent({ id, start, close }: { id: string; start: { channel: string; type: string; status: string }; close: () => void }) {
  const client = useQueryClient();
  const [status, setStatus] = useState(start.status);
  const [source, setSource] = useState("");
  const [text, setText] = useState("");
  const save = useMutation({
    mutationFn: () => api.put(`/contacts/${id}/consents/${start.channel}/${start.type}`, { status, source: source || "console", ...(text && { text_shown: text }) }),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["consents", id] });
      client.invalidateQueries({ queryKey: ["timeline", id] });
      client.invalidateQueries({ queryKey: ["consent-history", id] });
      close();
      say(t("Consent recorded"));
    },
  });
  return (
    <Dialog open close={close} title={t("Record consent: {channel}, {purpose}", { channel: words(start.channel), purpose: words(start.type).toLowerCase() })} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" busy={save.isPending} type="submit" form="consent">{t("Record")}</Button></>}>
      <form id="consent" className="stack" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        {save.isError && <Problem error={save.error} />}
        <SelectField label={t("Status")} value={status} change={setStatus} choices={[{ value: "granted", label: t("Granted") }, { value: "pending", label: t("Asked, waits for confirmation") }, { value: "denied", label: t("Denied") }]} />
        <TextField label={t("Where did they say so?")} required maxLength={100} value={source} change={setSource} placeholder={t("signup form, phone call, trade fair…")} />
        <TextArea label={t("What they were shown")} optional maxLength={4000} hint={t("Kept as proof.")} value={text} change={setText} />
      </form>
    </Dialog>
  );
}

interface Entry {
  id: string;
  channel: string;
  consent_type: string;
  status: string;
  source: string | null;
  ip_address: string | null;
  text_shown: string | null;
  actor_kind: string;
  occurred_at: string;
}

function ConsentTab({ id }: { id: string }) {
  const session = useSession();
  const client = useQueryClient();
  const routes = useRoutes();
  const [recording, setRecording] = useState<{ channel: string; type: string; status: string } | null>(null);
  const consents = useQuery({ queryKey: ["consents", id], queryFn: () => api.get<List<Consent>>(`/consents${query({ contact_id: id })}`) });
  const history = useQuery({ queryKey: ["consent-history", id], enabled: routes.has("GET", "/contacts/{id}/consents/history"), queryFn: () => api.get<List<Entry>>(`/contacts/${id}/consents/history${query({ limit: 100 })}`).then((list) => list.items) });
  const asking = useMutation({
    mutationFn: (purpose: string) => api.post(`/contacts/${id}/consents/email/${purpose}/request`, {}),
    onSuccess: () => {
      for (const key of [["consents", id], ["consent-history", id], ["timeline", id]]) client.invalidateQueries({ queryKey: key });
      say(t("A mail with a link to confirm is on its way"));
    },
    onError: sayProblem,
  });
  const mayAsk = mayWrite(session) && routes.has("POST", "/contacts/{id}/consents/{channel}/{type}/request");
  if (consents.isError) return <Problem error={consents.error} />;
  if (!consents.data) return <Loading />;
  return (
    <div className="stack loose">
      <div className="table-wrap" tabIndex={0} role="region" aria-label={t("Consent")}>
        <table className="table">
          <thead><tr><th>{t("Channel")}</th><th>{t("For")}</th><th>{t("Status")}</th><th className="wide-only">{t("Proof")}</th><th>{t("Since")}</th><th><span className="hidden-text">{t("Change")}</span></th></tr></thead>
          <tbody>
            {channels.flatMap((channel) => purposes.map((type) => {
              const consent = consents.data.items.find((item) => item.channel === channel && item.consent_type === type);
              return (
                <tr key={channel + type}>
                  <td>{words(channel)}</td><td>{words(type)}</td>
                  <td>{consent ? <Status value={consent.status} /> : <span className="faint">{t("never asked")}</span>}</td>
                  <td className="wide-only"><span className="cut" title={consent?.text_shown ?? undefined}>{[consent?.source, consent?.ip_address].filter(Boolean).join(" · ") || none}</span></td>
                  <td><When at={consent?.revoked_at ?? consent?.granted_at ?? consent?.updated_at} /></td>
                  <td className="right fit">{mayAsk && channel === "email" && type === "marketing" && consent?.status !== "granted" && <><Button small busy={asking.isPending} onClick={() => asking.mutate(type)}>{t("Ask by mail")}</Button>{" "}</>}{mayWrite(session) && <Button small onClick={() => setRecording({ channel, type, status: consent?.status === "granted" ? "denied" : "granted" })}>{t("Record…")}</Button>}</td>
                </tr>
              );
            }))}
          </tbody>
        </table>
      </div>
      {history.data && history.data.length > 0 && (
        <Section title={t("History")} note={t("nothing is ever overwritten")}>
          <ul className="card lines small">{history.data.map((item) => <li key={item.id}><Status value={item.status} /><span className="grow wrap">{words(item.channel)} · {words(item.consent_type)} <span className="muted">{[item.source, item.ip_address, words(item.actor_kind)].filter(Boolean).join(" · ")}</span></span><When at={item.occurred_at} full /></li>)}</ul>
        </Section>
      )}
      {recording && <RecordConsent id={id} start={recording} close={() => setRecording(null)} />}
    </div>
  );
}

function SegmentsTab({ contact }: { contact: Contact }) {
  const routes = useRoutes();
  const segments = useSegments();
  const mine = useQuery({
    queryKey: ["memberships", contact.id],
    queryFn: () => api.get<List<{ segment_id: string }>>(`/contacts/${contact.id}/segments`).then((list) => new Set(list.items.map((one) => one.segment_id))),
  });
  if (segments.isError || mine.isError) return <Problem error={segments.error ?? mine.error} />;
  if (!segments.data || mine.isPending) return <Loading />;
  if (segments.data.length === 0) return <Empty icon="filter" title={t("There are no segments yet")} />;
  return (
    <ul className="card lines small">
      {segments.data.map((segment) => {
        const inside = mine.data?.has(segment.id);
        return <li key={segment.id}><span className={inside ? "good" : "faint"}><Glyph name={inside ? "check" : "cross"} /></span><Link className="strong cut" style={{ color: "var(--text)" }} to={`/segments/${segment.id}`}>{segment.name}</Link><span className="muted grow">{inside ? t("is in") : t("is not in")}</span>{segment.is_dynamic && explainable(routes) && <Link className="nowrap" to={`/segments/${segment.id}?tab=explain&contact=${contact.id}`}>{t("Why?")}</Link>}</li>;
      })}
    </ul>
  );
}

function Edit({ contact, close }: { contact: Contact; close: () => void }) {
  const client = useQueryClient();
  const [form, setForm] = useState({ email: contact.email ?? "", phone: contact.phone ?? "", first_name: contact.first_name ?? "", last_name: contact.last_name ?? "", time_zone: contact.time_zone ?? "", locale: contact.locale ?? "", external_id: contact.external_id ?? "" });
  const [tags, setTags] = useState(contact.tags);
  const [attributes, setAttributes] = useState(JSON.stringify(contact.attributes, null, 2));
  const [broken, setBroken] = useState<string | null>(null);
  const save = useMutation({
    mutationFn: (parsed: unknown) => api.patch<Contact>(`/contacts/${contact.id}`, { ...Object.fromEntries(Object.entries(form).map(([key, value]) => [key, value.trim() || null])), tags, attributes: parsed }),
    onSuccess: (saved) => {
      client.setQueryData(["contact", contact.id], saved);
      client.invalidateQueries({ queryKey: ["list", "/contacts"] });
      client.invalidateQueries({ queryKey: ["timeline", contact.id] });
      close();
      say(t("Saved"));
    },
  });
  const problem = save.error instanceof ApiError ? save.error : null;
  const field = (name: keyof typeof form, label: string, type = "text") => <TextField label={label} type={type} value={form[name]} change={(value) => setForm({ ...form, [name]: value })} error={problem?.field(name)} />;
  return (
    <Dialog open kind="drawer" close={close} title={t("Edit contact")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" type="submit" form="edit-contact" busy={save.isPending}>{t("Save")}</Button></>}>
      <form id="edit-contact" className="stack" onSubmit={(event) => {
        event.preventDefault();
        try {
          setBroken(null);
          save.mutate(JSON.parse(attributes || "{}"));
        } catch (error) {
          setBroken(String(error instanceof Error ? error.message : error));
        }
      }}>
        {save.isError && !problem?.fields.length && <Problem error={save.error} />}
        {field("email", t("E-mail"), "email")}
        <div className="form-row">{field("first_name", t("First name"))}{field("last_name", t("Last name"))}</div>
        <div className="form-row">{field("phone", t("Phone"), "tel")}{field("external_id", t("External id"))}</div>
        <div className="form-row">{field("time_zone", t("Time zone"))}{field("locale", t("Locale"))}</div>
        <TagsField label={t("Tags")} value={tags} change={setTags} error={problem?.field("tags")} />
        <TextArea label={t("Attributes (JSON)")} className="mono" rows={10} spellCheck={false} value={attributes} change={setAttributes} error={broken ?? problem?.field("attributes")} style={{ fontFamily: "ui-monospace, monospace", fontSize: 12.5 }} />
      </form>
    </Dialog>
  );
}

export default function ContactPage() {
  const { id = "" } = useParams();
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [editing, setEditing] = useState(false);
  const contact = useQuery({ queryKey: ["contact", id], queryFn: () => api.get<Contact>(`/contacts/${id}`) });
  const suppressed = useQuery({ queryKey: ["suppressed", contact.data?.email], enabled: Boolean(contact.data?.email), queryFn: () => api.get<List<Suppression>>(`/suppressions${query({ email_address: contact.data?.email })}`).then((list) => list.items[0] ?? null) });
  const lead = useQuery({ queryKey: ["lead", contact.data?.lead_id], enabled: Boolean(contact.data?.lead_id), retry: false, queryFn: () => api.get<{ id: string; name: string }>(`/leads/${contact.data?.lead_id}`) });
  const tabs = [{ value: "timeline", label: t("Timeline") }, { value: "consent", label: t("Consent") }, { value: "messages", label: t("Messages") }, { value: "segments", label: t("Segments") }, { value: "history", label: t("History") }];
  const [tab, setTab] = useTab(tabs);
  const page = (title: string, body: React.ReactNode) => <Page title={title} crumb={{ to: "/contacts", label: t("Contacts") }}>{body}</Page>;
  if (contact.isError && !contact.data) return page(t("Contact"), <Problem error={contact.error} again={() => contact.refetch()} />);
  if (!contact.data) return page(t("Contact"), <Loading lines={8} />);
  const c = contact.data;
  const name = personName(c);
  const gone = (path: string, verb: () => Promise<unknown>, done: string) => verb().then(() => { client.invalidateQueries({ queryKey: ["list"] }); say(done); navigate(path); }, sayProblem);
  const erase = async () => {
    if (await ask({ title: t("Erase this person?"), text: t("Everything that identifies {name} is removed for good: profile, events, addresses. Counts stay, and the address stays blocked by a keyed hash. This cannot be undone.", { name: c.email ?? t("this contact") }), yes: t("Erase for good"), no: t("Keep"), danger: true })) void gone("/contacts", () => api.post(`/contacts/${id}/erase`), t("Erased for good"));
  };
  const remove = async () => {
    if (await ask({ title: t("Delete this contact?"), text: t("{name} is removed. What is waiting for them is not sent; a suppression of the address stays.", { name: c.email ?? t("This contact") }), yes: t("Delete"), danger: true })) void gone("/contacts", () => api.remove(`/contacts/${id}`), t("Deleted"));
  };
  const suppress = () => void api.post("/suppressions", { email_address: c.email, reason: "manual", source: "console" }).then(() => { client.invalidateQueries({ queryKey: ["suppressed"] }); client.invalidateQueries({ queryKey: ["timeline", id] }); say(t("Nothing more is sent to {address}", { address: c.email ?? "" })); }, sayProblem);
  return (
    <Page title={name || c.email || t("Contact")} crumb={{ to: "/contacts", label: t("Contacts") }} note={name ? c.email : undefined}
      actions={<>
        {mayWrite(session) && <Button onClick={() => setEditing(true)}>{t("Edit")}</Button>}
        <Menu label={t("More")} items={[
          { label: t("Export everything (JSON)"), icon: "download", href: `/api/v1/contacts/${id}/export`, download: `contact-${id}.json` },
          mayWrite(session) && Boolean(c.email) && suppressed.data === null && { label: t("Suppress the address"), icon: "stop", run: suppress },
          mayWrite(session) && { label: t("Delete…"), icon: "trash", danger: true, rule: true, run: remove },
          mayAdminister(session) && { label: t("Erase for good…"), icon: "trash", danger: true, run: erase },
        ]} />
      </>}>
      <div className="split">
        <div className="stack">
          {suppressed.data && <Notice tone="yellow" title={t("Suppressed: {reason}", { reason: words(suppressed.data.reason).toLowerCase() })} actions={<Button small to={`/suppressions?email_address=${encodeURIComponent(c.email ?? "")}`}>{t("Look at it")}</Button>}>{t("No marketing is sent to this address.")} <When at={suppressed.data.created_at} /></Notice>}
          <Tabs label={t("Parts")} tabs={tabs} value={tab} change={setTab} />
          {tab === "timeline" && <Timeline contactId={id} />}
          {tab === "consent" && <ConsentTab id={id} />}
          {tab === "messages" && <MessagesTable contactId={id} />}
          {tab === "segments" && <SegmentsTab contact={c} />}
          {tab === "history" && <AuditOf type="contact" id={id} />}
        </div>
        <div className="stack loose">
          <Section title={t("Profile")}>
            <dl className="facts">
              <Fact label={t("E-mail")}>{c.email}</Fact><Fact label={t("Phone")}>{c.phone}</Fact><Fact label={t("Time zone")}>{c.time_zone}</Fact><Fact label={t("Locale")}>{c.locale}</Fact><Fact label={t("External id")}>{c.external_id}</Fact>
              {lead.data && <Fact label={t("Company")}><Link to={`/contacts?lead=${lead.data.id}`}>{lead.data.name}</Link></Fact>}
              <Fact label={t("Tags")}><Tags names={c.tags} most={20} /></Fact>
              <Fact label={t("Measuring")}>{c.tracking === false ? t("objected") : t("allowed")}</Fact>
              <Fact label={t("Added")}><When at={c.created_at} full /></Fact><Fact label={t("Changed")}><When at={c.updated_at} full /></Fact>
            </dl>
          </Section>
          <Section title={t("Attributes")}>
            {Object.keys(c.attributes).length === 0 ? <span className="muted small">{t("None")}</span> : <dl className="facts">{Object.entries(c.attributes).map(([key, value]) => <Fragment key={key}><dt className="wrap">{key}</dt><dd>{typeof value === "object" ? <code>{JSON.stringify(value)}</code> : String(value)}</dd></Fragment>)}</dl>}
          </Section>
        </div>
      </div>
      {editing && <Edit contact={c} close={() => setEditing(false)} />}
    </Page>
  );
}

