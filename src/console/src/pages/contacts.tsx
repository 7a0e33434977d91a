// Everybody, as a table that reads on as one scrolls. Filters and columns are in the address; tags can be put on many at once.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";

import { api, ApiError, query } from "../api";
import { brief, count, none, words } from "../format";
import { Button, Check, Select, TagsField, TextField } from "../kit/controls";
import { Dialog, Popover } from "../kit/layers";
import { Empty, Notice, Page, Problem, Tags, useFilter, When } from "../kit/page";
import { useLater } from "../kit/picker";
import { type Column, ListTable } from "../kit/table";
import { say } from "../kit/toast";
import { useSegments } from "../parts/pickers";
import { useRoutes } from "../parts/routes";
import { SavedViews } from "../parts/saved_views";
import { mayWrite, useSession } from "../session";
import { t, tn } from "../texts";
import { type Contact, personName } from "../types";

function NewContact({ open, close }: { open: boolean; close: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [first, setFirst] = useState("");
  const [last, setLast] = useState("");
  const [tags, setTags] = useState<string[]>([]);
  const create = useMutation({
    mutationFn: () => api.post<Contact>("/contacts", { email, ...(first && { first_name: first }), ...(last && { last_name: last }), tags }),
    onSuccess: (contact) => {
      client.invalidateQueries({ queryKey: ["list", "/contacts"] });
      say(t("Contact added"));
      navigate(`/contacts/${contact.id}`);
    },
  });
  const problem = create.error instanceof ApiError ? create.error : null;
  return (
    <Dialog open={open} close={close} title={t("New contact")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" type="submit" form="new-contact" busy={create.isPending}>{t("Add contact")}</Button></>}>
      <form id="new-contact" className="stack" onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        {create.isError && !problem?.fields.length && <Problem error={create.error} />}
        <TextField label={t("E-mail")} type="email" required autoFocus value={email} change={setEmail} error={problem?.field("email")} />
        <div className="form-row"><TextField label={t("First name")} optional value={first} change={setFirst} error={problem?.field("first_name")} /><TextField label={t("Last name")} optional value={last} change={setLast} error={problem?.field("last_name")} /></div>
        <TagsField label={t("Tags")} optional hint={t("Enter or a comma ends one.")} value={tags} change={setTags} error={problem?.field("tags")} />
        <Notice>{t("Adding somebody records no consent. Record it on their page, with where it came from.")}</Notice>
      </form>
    </Dialog>
  );
}

interface Tagging {
  id: string;
  status: string;
  total: number;
  changed: number;
  unchanged: number;
  skipped: number;
  skip_reasons: Record<string, number>;
}

type Which = { contact_ids: string[] } | { filter: Record<string, string> };

function TagMany({ which, n, close }: { which: Which; n: string; close: (done: boolean) => void }) {
  const client = useQueryClient();
  const [add, setAdd] = useState<string[]>([]);
  const [remove, setRemove] = useState<string[]>([]);
  const start = useMutation({ mutationFn: () => api.post<Tagging>("/contacts/tags", { ...which, add, remove }) });
  const id = start.data?.id;
  const state = useQuery({ queryKey: ["tagging", id], enabled: Boolean(id), queryFn: () => api.get<Tagging>(`/contacts/tags/${id}`), refetchInterval: (found) => (["running", "queued"].includes(found.state.data?.status ?? "running") ? 500 : false) });
  const s = state.data ?? start.data;
  const over = s && !["running", "queued"].includes(s.status);
  useEffect(() => {
    if (over) client.invalidateQueries({ queryKey: ["list", "/contacts"] });
  }, [over, client]);
  const done = s ? s.changed + s.unchanged + s.skipped : 0;
  return (
    <Dialog open close={() => close(Boolean(s))} title={t("Tag {n} contacts", { n })}
      foot={s ? <Button look="primary" onClick={() => close(true)}>{over ? t("Done") : t("Go on working")}</Button> : <><Button onClick={() => close(false)}>{t("Cancel")}</Button><Button look="primary" disabled={add.length + remove.length === 0} busy={start.isPending} onClick={() => start.mutate()}>{t("Apply")}</Button></>}>
      {s ? (
        <div className="stack">
          <div className="bar thick"><i style={{ width: `${s.total ? (done / s.total) * 100 : over ? 100 : 8}%` }} /></div>
          <div className="number" role="status">{over ? t("{changed} changed, {unchanged} had it already, {skipped} skipped", { changed: count(s.changed), unchanged: count(s.unchanged), skipped: count(s.skipped) }) : t("{done} of {all}", { done: count(done), all: count(s.total) })}</div>
          {Object.entries(s.skip_reasons).map(([reason, many]) => <div key={reason} className="muted small">{count(many)} · {words(reason)}</div>)}
          {!over && <p className="muted small">{t("This goes on when you close the window.")}</p>}
        </div>
      ) : (
        <div className="stack">
          {start.isError && <Problem error={start.error} />}
          <TagsField label={t("Add")} value={add} change={setAdd} autoFocus />
          <TagsField label={t("Remove")} optional value={remove} change={setRemove} />
        </div>
      )}
    </Dialog>
  );
}

const optional: Record<string, Column<Contact>> = {
  name: { key: "name", title: t("Name"), hide: "wide-only", cell: (contact) => <span className="cut">{personName(contact) || <span className="faint">{none}</span>}</span> },
  tags: { key: "tags", title: t("Tags"), hide: "wide-only", cell: (contact) => <Tags names={contact.tags} /> },
  phone: { key: "phone", title: t("Phone"), cell: (contact) => contact.phone ?? <span className="faint">{none}</span> },
  time_zone: { key: "time_zone", title: t("Time zone"), cell: (contact) => <span className="muted">{contact.time_zone ?? none}</span> },
  locale: { key: "locale", title: t("Locale"), cell: (contact) => <span className="muted">{contact.locale ?? none}</span> },
  external_id: { key: "external_id", title: t("External id"), cell: (contact) => <span className="cut mono">{contact.external_id ?? none}</span> },
  created_at: { key: "created_at", title: t("Added"), fit: true, hide: "very-wide-only", cell: (contact) => <When at={contact.created_at} /> },
  updated_at: { key: "updated_at", title: t("Changed"), fit: true, cell: (contact) => <When at={contact.updated_at} /> },
};
const usual = ["name", "tags", "created_at"];

export default function Contacts() {
  const session = useSession();
  const routes = useRoutes();
  const segments = useSegments();
  const [isNew, setNew] = useFilter("new");
  const [search, setSearch] = useFilter("search");
  const [tag, setTag] = useFilter("tag");
  const [segment, setSegment] = useFilter("segment");
  const [lead, setLead] = useFilter("lead");
  const [sort, setSort] = useFilter("sort");
  const [columnText, setColumnText] = useFilter("columns");
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [keys, setKeys] = useState<string[]>([]);
  const [tagging, setTagging] = useState<{ which: Which; n: string } | null>(null);
  const later = useLater(search);
  const laterTag = useLater(tag, 300);
  const filters = { search: later || null, tag: laterTag || null, segment_id: segment || null, lead_id: lead || null };
  const filtered = Boolean(later || laterTag || segment || lead);
  const total = useQuery({ queryKey: ["contacts", "count", filters], enabled: routes.has("GET", "/contacts/count"), staleTime: 30_000, queryFn: () => api.get<{ count: number; is_exact: boolean }>(`/contacts/count${query(filters)}`) });
  const chosen = columnText ? columnText.split(",") : usual;
  const sorted = routes.takes("/contacts", "sort");
  const column = (key: string): Column<Contact> => optional[key] ?? { key, title: key.replace("attributes.", ""), cell: (contact) => { const value = contact.attributes[key.replace("attributes.", "")]; return <span className="cut">{value === undefined || value === null ? <span className="faint">{none}</span> : typeof value === "object" ? JSON.stringify(value) : String(value)}</span>; } };
  const all = [...Object.keys(optional), ...keys.map((key) => `attributes.${key}`)];
  const toggle = (key: string) => {
    const next = chosen.includes(key) ? chosen.filter((one) => one !== key) : [...chosen, key];
    setColumnText(next.join(",") === usual.join(",") ? null : next.join(","));
  };
  const note = total.data ? (total.data.is_exact ? tn("{n} person", "{n} people", total.data.count) : t("more than {n} people", { n: brief(total.data.count) })) : undefined;
  const filter = Object.fromEntries(Object.entries(filters).filter(([, value]) => value)) as Record<string, string>;
  return (
    <Page title={t("Contacts")} note={note}
      actions={<>
        {routes.has("GET", "/contacts/export") && <Button icon="download" href={`/api/v1/contacts/export${query(filters)}`} download="contacts.csv">{t("Export")}</Button>}
        {mayWrite(session) && <><Button icon="upload" to="/imports?new=1">{t("Import")}</Button><Button look="primary" icon="plus" onClick={() => setNew("1")}>{t("New contact")}</Button></>}
      </>}>
      <div className="toolbar">
        <div className="search"><TextField hideLabel label={t("Search contacts")} icon="search" type="search" placeholder={t("Address or name begins with…")} value={search} change={(text) => setSearch(text || null)} /></div>
        <Select auto aria-label={t("Segment")} value={segment} change={(value) => setSegment(value || null)} placeholder={t("Any segment")} choices={(segments.data ?? []).map((one) => ({ value: one.id, label: one.name }))} style={{ maxWidth: 220 }} />
        <div style={{ width: 150 }}><TextField hideLabel label={t("Tag")} icon="tag" placeholder={t("Any tag")} value={tag} change={(text) => setTag(text || null)} /></div>
        {lead && <Button icon="cross" onClick={() => setLead(null)}>{t("Only of one company")}</Button>}
        {sorted && <Select auto aria-label={t("Order")} value={sort} change={(value) => setSort(value || null)} placeholder={t("Newest first")} choices={[{ value: "created_at", label: t("Oldest first") }, { value: "email", label: t("By address") }]} />}
        <span className="push row"><SavedViews list="contacts" /><Popover end label={t("Columns")} trigger={(open) => <Button icon="columns" aria-expanded={open}>{t("Columns")}</Button>}>
          {() => <div style={{ padding: 8 }} className="stack tight">{all.map((key) => <Check key={key} label={key.startsWith("attributes.") ? key.slice(11) : column(key).title} checked={chosen.includes(key)} change={() => toggle(key)} />)}</div>}
        </Popover></span>
      </div>
      <ListTable<Contact> path="/contacts" limit={100} filters={{ ...filters, sort: sort || null }} total={total.data?.is_exact ? total.data.count : null} label={t("Contacts")} selected={mayWrite(session) ? selected : undefined} select={mayWrite(session) && routes.has("POST", "/contacts/tags") ? setSelected : undefined} selectLabel={(contact) => contact.email ?? contact.id}
        onItems={(items) => setKeys([...new Set(items.slice(0, 200).flatMap((contact) => Object.keys(contact.attributes)))].slice(0, 40))}
        empty={filtered ? <Empty icon="people" title={t("Nobody fits")} action={<Button onClick={() => { setSearch(null); setTag(null); setSegment(null); setLead(null); }}>{t("Clear the filters")}</Button>}>{t("Try a shorter beginning, or clear the filters.")}</Empty>
          : <Empty icon="people" title={t("No contacts yet")} action={mayWrite(session) && <Button look="primary" to="/imports?new=1">{t("Import a CSV file")}</Button>}>{t("Bring in a list, or add people one by one or over the API.")}</Empty>}
        columns={[{ key: "email", title: t("Contact"), cell: (contact) => <Link className="main cut" to={`/contacts/${contact.id}`}>{contact.email ?? contact.phone ?? contact.external_id ?? contact.id}</Link> }, ...chosen.map(column)]} />
      {(selected.size > 0 || (filtered && mayWrite(session) && routes.has("POST", "/contacts/tags") && (total.data?.count ?? 0) > 0)) && (
        <div className="bulk-bar">
          {selected.size > 0 ? <>
            <span className="number">{tn("{n} chosen", "{n} chosen", selected.size)}</span>
            <Button small icon="tag" onClick={() => setTagging({ which: { contact_ids: [...selected] }, n: count(selected.size) })}>{t("Tag…")}</Button>
            <Button small onClick={() => setSelected(new Set())}>{t("Clear")}</Button>
          </> : <><span className="number">{tn("{n} fits the filter", "{n} fit the filter", total.data?.count ?? 0)}</span><Button small icon="tag" onClick={() => setTagging({ which: { filter }, n: count(total.data?.count) })}>{t("Tag all…")}</Button></>}
        </div>
      )}
      {tagging && <TagMany which={tagging.which} n={tagging.n} close={(done) => { setTagging(null); if (done) setSelected(new Set()); }} />}
      <NewContact open={isNew === "1"} close={() => setNew(null)} />
    </Page>
  );
}
