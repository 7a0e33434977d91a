// Events as they come in: the newest first, read again every two seconds while one watches.
import { useState } from "react";
import { Link } from "react-router";

import { words } from "../format";
import { Button, Field, TextField } from "../kit/controls";
import { Empty, Page, useFilter, When } from "../kit/page";
import { type Item, useLater } from "../kit/picker";
import { ListTable } from "../kit/table";
import { usePeople } from "../parts/messages_table";
import { ContactPicker } from "../parts/pickers";
import { t } from "../texts";

interface Event {
  id: string;
  type: string;
  contact_id: string | null;
  campaign_id: string | null;
  message_id: string | null;
  occurred_at: string;
  properties: Record<string, unknown> | null;
}

const short = (properties: Event["properties"]) => Object.entries(properties ?? {}).filter(([, value]) => value !== null && value !== "").map(([key, value]) => `${key}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`).join(" · ");

export default function Events() {
  const [type, setType] = useFilter("type");
  const [contact, setContact] = useFilter("contact");
  const [from, setFrom] = useFilter("from");
  const [to, setTo] = useFilter("to");
  const [watching, setWatching] = useState(true);
  const [open, setOpen] = useState<string | null>(null);
  const [seen, setSeen] = useState<Event[]>([]);
  const later = useLater(type.trim(), 300);
  const people = usePeople([contact, ...seen.map((event) => event.contact_id ?? "")].filter(Boolean));
  const chosen: Item[] = contact ? [{ value: contact, label: people.get(contact)?.email ?? contact }] : [];
  const day = (value: string, set: (value: string | null) => void, label: string) => <Field label={label} hideLabel><input className="input auto" type="date" title={label} value={value} onChange={(event) => set(event.currentTarget.value || null)} /></Field>;
  return (
    <Page title={t("Events")} note={t("What people did, as it comes in.")} actions={<Button icon={watching ? "pause" : "play"} aria-pressed={watching} onClick={() => setWatching(!watching)}>{watching ? t("Watching") : t("Watch")}</Button>}>
      <div className="toolbar">
        <div style={{ width: 200 }}><TextField hideLabel label={t("Type")} type="search" icon="search" placeholder={t("Any type")} value={type} change={(text) => setType(text || null)} /></div>
        <div style={{ width: 260 }}><ContactPicker hideLabel label={t("Contact")} placeholder={t("Any contact")} chosen={chosen} change={(items) => setContact(items[0]?.value ?? null)} /></div>
        {day(from, setFrom, t("From"))}{day(to, setTo, t("To"))}
      </div>
      <ListTable<Event> path="/events" filters={{ type: later || null, contact_id: contact || null, from: from ? `${from}T00:00:00Z` : null, to: to ? `${to}T23:59:59Z` : null }} label={t("Events")} refresh={watching ? 2_000 : false} onItems={setSeen}
        empty={<Empty icon="pulse" title={type || contact || from || to ? t("No event fits") : t("No events yet")}>{t("Mail engagement and your own events appear here the moment they arrive.")}</Empty>}
        expand={(event) => open === event.id && <pre className="code" tabIndex={0}>{JSON.stringify(event, null, 2)}</pre>}
        columns={[
          { key: "type", title: t("Event"), fit: true, cell: (event) => <button type="button" className="link-button strong" style={{ color: "var(--text)" }} aria-expanded={open === event.id} onClick={() => setOpen(open === event.id ? null : event.id)}>{words(event.type)}</button> },
          { key: "who", title: t("Who"), cell: (event) => (event.contact_id ? <Link className="cut" to={`/contacts/${event.contact_id}`}>{people.get(event.contact_id)?.email ?? event.contact_id.slice(0, 13)}</Link> : <span className="faint">–</span>) },
          { key: "what", title: t("Properties"), hide: "wide-only", cell: (event) => <span className="muted cut" title={short(event.properties)}>{short(event.properties) || "–"}</span> },
          { key: "when", title: t("When"), fit: true, cell: (event) => <When at={event.occurred_at} /> },
        ]} />
    </Page>
  );
}
