// Who changed what, from what to what.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { api, type List, query } from "../api";
import { words } from "../format";
import { Empty, When } from "../kit/page";
import { type Column, type Filters, ListTable } from "../kit/table";
import { mayAdminister, useSession } from "../session";
import { t, tn } from "../texts";

export interface AuditRecord {
  id: string;
  entity_type: string;
  entity_id: string;
  action: string;
  actor_kind: string;
  actor_id: string | null;
  actor_name?: string | null;
  request_id: string | null;
  ip_address: string | null;
  changes: Record<string, unknown> | null;
  created_at: string;
}

interface Named {
  id: string;
  name: string;
  email?: string;
}

// Names of users and keys; only admins may read them, others see the kind.
export function useActors() {
  const session = useSession();
  const admin = mayAdminister(session);
  const users = useQuery({ queryKey: ["users", "names"], enabled: admin, staleTime: 60_000, queryFn: () => api.get<List<Named>>(`/users${query({ limit: 500 })}`).then((list) => list.items) });
  const keys = useQuery({ queryKey: ["api-keys", "names"], enabled: admin, staleTime: 60_000, queryFn: () => api.get<List<Named>>(`/api-keys${query({ limit: 500 })}`).then((list) => list.items) });
  return (kind: string, id: string | null, name?: string | null) => {
    if (name) return name;
    if (id === session.id) return t("You");
    const user = users.data?.find((one) => one.id === id);
    if (user) return user.name || user.email || "";
    return keys.data?.find((one) => one.id === id)?.name ?? words(kind);
  };
}

const pages: Record<string, string> = { contact: "/contacts", segment: "/segments", template: "/templates", campaign: "/campaigns", import: "/imports", message: "/messages" };

const shown = (value: unknown): string => (value === null || value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value));
const short = (text: string) => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

// `changes` is {field: {old, new}} or {field: [old, new]}.
function pairs(changes: Record<string, unknown> | null): [string, string | null, string][] {
  return Object.entries(changes ?? {}).map(([field, value]) => {
    if (Array.isArray(value) && value.length === 2) return [field, shown(value[0]), shown(value[1])];
    if (value && typeof value === "object" && ("new" in value || "old" in value || "from" in value || "to" in value)) {
      const change = value as Record<string, unknown>;
      return [field, shown(change.old ?? change.from), shown(change.new ?? change.to)];
    }
    return [field, null, shown(value)];
  });
}

function Changes({ record }: { record: AuditRecord }) {
  const [all, setAll] = useState(false);
  const list = pairs(record.changes);
  if (list.length === 0) return <span className="faint">–</span>;
  return (
    <div className="stack snug small" style={{ minWidth: 240 }}>
      {(all ? list : list.slice(0, 3)).map(([field, before, after]) => (
        <div key={field} className="wrap"><span className="muted">{words(field)}</span> {before !== null && before !== "–" && <><del className="faint" style={{ textDecorationThickness: 1 }}>{all ? before : short(before)}</del> <span aria-hidden="true">→</span> </>}<ins style={{ textDecoration: "none" }}>{all ? after : short(after)}</ins></div>
      ))}
      {(list.length > 3 || list.some(([, a, b]) => (a ?? "").length > 160 || b.length > 160)) && <button type="button" className="link-button tiny" aria-expanded={all} onClick={() => setAll(!all)}>{all ? t("Less") : list.length > 3 ? tn("{n} more change", "{n} more changes", list.length - 3) : t("All of it")}</button>}
    </div>
  );
}

export function AuditTable({ filters, entity = true }: { filters: Filters; entity?: boolean }) {
  const actor = useActors();
  const columns: Column<AuditRecord>[] = [
    { key: "when", title: t("When"), fit: true, cell: (record) => <When at={record.created_at} full /> },
    { key: "who", title: t("Who"), fit: true, cell: (record) => <span title={[record.ip_address, record.request_id].filter(Boolean).join(" · ")}>{actor(record.actor_kind, record.actor_id, record.actor_name)}</span> },
    { key: "what", title: t("Did"), fit: true, cell: (record) => words(record.action) },
    { key: "changes", title: t("Old → new"), cell: (record) => <Changes record={record} /> },
  ];
  if (entity) columns.splice(3, 0, { key: "entity", title: t("To"), fit: true, cell: (record) => (pages[record.entity_type] ? <Link to={`${pages[record.entity_type]}/${record.entity_id}`}>{words(record.entity_type)}</Link> : <span>{words(record.entity_type)}</span>) });
  return <ListTable<AuditRecord> path="/audit" filters={filters} label={t("Audit")} stacks columns={columns} empty={<Empty icon="list" title={t("Nothing recorded")}>{t("Every change appears here with who made it.")}</Empty>} />;
}

export const AuditOf = ({ type, id }: { type: string; id: string }) => <AuditTable entity={false} filters={{ entity_type: type, entity_id: id }} />;

