// One line of time with everything that happened with a person, newest first, by day.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { Link } from "react-router";

import { api, type List, query } from "../api";
import { clock, day, instant, words } from "../format";
import { Button } from "../kit/controls";
import { Glyph, type GlyphName } from "../kit/glyph";
import { Empty, Loading, Problem } from "../kit/page";
import { t } from "../texts";

export interface Happening {
  id: string;
  kind?: string;
  type: string;
  occurred_at: string;
  campaign_id: string | null;
  message_id: string | null;
  channel?: string | null;
  subject?: string | null;
  note?: string | null;
  actor?: string | null;
  ip_address?: string | null;
  properties?: Record<string, unknown> | null;
}

const icons: [RegExp, GlyphName, string?][] = [
  [/open/, "eye", "good"], [/click/, "cursor", "good"], [/bounce|fail|complain/, "warning", "bad"], [/unsubscribe|suppress|denied|revoked/, "stop", "warn"], [/consent|granted/, "check", "good"],
  [/skip/, "stop"], [/deliver/, "check", "good"], [/sent|send|email|message/, "mail"], [/tag/, "tag"], [/import/, "upload"], [/created|added/, "plus"], [/updated|changed/, "gear"], [/page|identify|track/, "cursor"],
];

function Details({ item }: { item: Happening }) {
  const [open, setOpen] = useState(false);
  const entries = Object.entries(item.properties ?? {}).filter(([, value]) => value !== null && value !== "");
  if (entries.length === 0 && !item.ip_address) return null;
  return (
    <>
      <button type="button" className="link-button tiny" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? t("Less") : t("Details")}</button>
      {open && <dl className="facts tiny" style={{ padding: "6px 0" }}>{entries.map(([key, value]) => <Fragment key={key}><dt>{words(key)}</dt><dd className="wrap">{typeof value === "object" ? <code>{JSON.stringify(value)}</code> : String(value)}</dd></Fragment>)}{item.ip_address && <><dt>{t("IP address")}</dt><dd>{item.ip_address}</dd></>}</dl>}
    </>
  );
}

export function Timeline({ contactId }: { contactId: string }) {
  const past = useInfiniteQuery({
    queryKey: ["timeline", contactId],
    initialPageParam: "",
    queryFn: ({ pageParam }) => api.get<List<Happening>>(`/contacts/${contactId}/timeline${query({ cursor: pageParam })}`),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  if (past.isError) return <Problem error={past.error} again={() => past.refetch()} />;
  if (!past.data) return <Loading lines={6} />;
  const items = past.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <Empty icon="clock" title={t("Nothing has happened yet")}>{t("Mail, opens, clicks, consent and your own events appear here.")}</Empty>;
  let before = "";
  return (
    <div className="stack tight">
      <ul className="timeline" data-testid="timeline">
        {items.map((item) => {
          const today = day(item.occurred_at);
          const heading = today !== before ? today : null;
          before = today;
          const [, icon, tone] = icons.find(([pattern]) => pattern.test(item.type)) ?? [/./, "pulse" as GlyphName, undefined];
          return (
            <Fragment key={item.id}>
              {heading && <li className="timeline-day" style={{ display: "block" }}>{heading}</li>}
              <li>
                <span className={`dot ${tone ?? ""}`}><Glyph name={icon} size={14} /></span>
                <div className="wrap" style={{ paddingTop: 3 }}>
                  {item.message_id ? <Link className="strong" style={{ color: "var(--text)" }} to={`/messages/${item.message_id}`}>{words(item.type)}</Link> : <span className="strong">{words(item.type)}</span>}
                  {item.subject && <span> {item.subject}</span>}{item.note && <span className="muted"> {item.note}</span>}{item.actor && <span className="faint"> · {words(item.actor)}</span>}
                  <div><Details item={item} /></div>
                </div>
                <time className="faint tiny nowrap" style={{ paddingTop: 4 }} dateTime={item.occurred_at} title={instant(item.occurred_at)}>{clock(item.occurred_at)}</time>
              </li>
            </Fragment>
          );
        })}
      </ul>
      {past.hasNextPage && <div><Button small busy={past.isFetchingNextPage} onClick={() => past.fetchNextPage()}>{t("Earlier")}</Button></div>}
    </div>
  );
}
