// Messages as a list: of everything, of a campaign, or of a contact.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";

import { api, type List, query } from "../api";
import { words } from "../format";
import { Select } from "../kit/controls";
import { Empty, Status, useFilter, When } from "../kit/page";
import { type Column, ListTable } from "../kit/table";
import { t } from "../texts";
import { type Contact, type Message } from "../types";

export const messageStates = ["queued", "sending", "sent", "skipped", "failed", "uncertain", "canceled"];

// What came after a message was handed over, the latest first.
export function Fate({ message }: { message: Message }) {
  const steps: [string | null, string, string][] = [
    [message.complained_at, t("Complained"), "red"],
    [message.unsubscribed_at, t("Unsubscribed"), "yellow"],
    [message.bounced_at, t("Bounced"), "red"],
    [message.clicked_at, t("Clicked"), "green"],
    [message.opened_at, t("Opened"), "green"],
    [message.delivered_at, t("Delivered"), "green"],
  ];
  const found = steps.find(([at]) => at);
  if (found) return <span className={`state ${found[2]}`}>{found[1]}</span>;
  if (message.skip_reason) return <span className="muted">{words(message.skip_reason)}</span>;
  if (message.error) return <span className="bad cut" title={message.error}>{message.error}</span>;
  return <span className="faint">–</span>;
}

const atOnce = 200;

// Who the people in sight are; a list of messages or events names only their ids. One request for all that are not known yet.
export function usePeople(ids: string[]) {
  const client = useQueryClient();
  const wanted = [...new Set(ids)];
  const known = (id: string) => client.getQueryData<Contact | null>(["person", id]);
  const unknown = wanted.filter((id) => known(id) === undefined).slice(0, atOnce).sort();
  useQuery({
    queryKey: ["people", unknown],
    enabled: unknown.length > 0,
    queryFn: async () => {
      const found = await api.get<List<Contact>>(`/contacts${query({ ids: unknown.join(","), limit: atOnce })}`);
      const by = new Map(found.items.map((person) => [person.id, person]));
      for (const id of unknown) client.setQueryData(["person", id], by.get(id) ?? null);
      return found.items.length;
    },
  });
  return new Map(wanted.map((id) => [id, known(id) ?? undefined]));
}

export function MessagesTable({ campaignId, contactId, extra }: { campaignId?: string; contactId?: string; extra?: ReactNode }) {
  const [status, setStatus] = useFilter("status");
  const [channel, setChannel] = useFilter("channel");
  const [seen, setSeen] = useState<Message[]>([]);
  const people = usePeople(contactId ? [] : seen.filter((message) => !message.to_address && !message.email).map((message) => message.contact_id).filter(Boolean));
  const columns: Column<Message>[] = [
    {
      key: "to", title: t("To"), cell: (message) => {
        const person = people.get(message.contact_id);
        return <Link className="main cut" to={`/messages/${message.id}`}>{message.to_address ?? message.email ?? person?.email ?? person?.phone ?? message.contact_id?.slice(0, 13)}</Link>;
      },
    },
    { key: "status", title: t("Status"), fit: true, cell: (message) => <Status value={message.status} /> },
    { key: "fate", title: t("Then"), cell: (message) => <Fate message={message} /> },
    { key: "channel", title: t("Channel"), hide: "very-wide-only", cell: (message) => <span className="muted">{words(message.channel)} · {words(message.purpose)}</span> },
    { key: "at", title: t("When"), fit: true, hide: "wide-only", cell: (message) => <When at={message.sent_at ?? message.scheduled_at ?? message.created_at} /> },
  ];
  if (contactId) columns[0] = { key: "id", title: t("Message"), cell: (message) => <Link className="main" to={`/messages/${message.id}`}><When at={message.created_at} full /></Link> };
  return (
    <div>
      <div className="toolbar">
        <Select auto aria-label={t("Status")} value={status} change={(value) => setStatus(value || null)} placeholder={t("Any status")} choices={messageStates.map((value) => ({ value, label: words(value) }))} />
        {!campaignId && <Select auto aria-label={t("Channel")} value={channel} change={(value) => setChannel(value || null)} placeholder={t("Any channel")} choices={["email", "sms", "push"].map((value) => ({ value, label: words(value) }))} />}
        {extra}
      </div>
      <ListTable<Message> path="/messages" filters={{ campaign_id: campaignId, contact_id: contactId, status, channel: campaignId ? null : channel }} label={t("Messages")} columns={columns} refresh={10_000} onItems={setSeen}
        empty={<Empty icon="mail" title={status || channel ? t("No message fits") : t("No messages yet")}>{status || channel ? t("Try another status.") : t("They appear here as soon as something is to be sent.")}</Empty>} />
    </div>
  );
}
