// One import: what would happen or has happened with each row, committing, undoing, and the rows that were refused.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "react-router";

import { api } from "../api";
import { bytes, count, words } from "../format";
import { type Part, PartsBar } from "../kit/chart";
import { Button } from "../kit/controls";
import { ask, Menu } from "../kit/layers";
import { Empty, Fact, Figure, Loading, Notice, Page, Problem, Section, Status, Tabs, useFilter, useTab, When } from "../kit/page";
import { Further, Table, useList } from "../kit/table";
import { say, sayProblem } from "../kit/toast";
import { useRoutes } from "../parts/routes";
import { mayWrite, useSession } from "../session";
import { t, tn } from "../texts";
import type { Import } from "./imports";

interface Row {
  row: number;
  verdict: string;
  reason: string | null;
  note: string | null;
  contact_id: string | null;
  fields: Record<string, unknown>;
}

const working = (item: Import) => ["receiving", "running", "undoing"].includes(item.status);

function Rows({ item }: { item: Import }) {
  const [verdict, setVerdict] = useFilter("verdict");
  const list = useList<Row>(`/imports/${item.id}/rows`, { verdict: verdict || null, at: undefined });
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  const said: Record<string, string> = { create: item.status === "staged" ? t("would be new") : t("new"), update: item.status === "staged" ? t("would change") : t("changed"), unchanged: t("unchanged"), reject: t("rejected") };
  const figures = [
    { key: "", label: t("Rows"), n: item.rows_total, colour: undefined },
    { key: "create", label: t("New"), n: item.rows_created, colour: "var(--chart-2)" },
    { key: "update", label: t("Changed"), n: item.rows_updated, colour: "var(--chart-1)" },
    { key: "unchanged", label: t("Unchanged"), n: item.rows_unchanged, colour: "var(--chart-5)" },
    { key: "reject", label: t("Rejected"), n: item.rows_rejected, colour: "var(--chart-4)" },
  ];
  const flat = (fields: Row["fields"]) => {
    const { attributes, ...own } = fields;
    return { ...own, ...((attributes ?? {}) as Record<string, unknown>) };
  };
  const keys = [...new Set(rows.slice(0, 50).flatMap((row) => Object.keys(flat(row.fields))))].filter((key) => key !== "email").slice(0, 4);
  const shown = (value: unknown) => (value === null || value === undefined ? "" : typeof value === "object" ? (Array.isArray(value) ? value.join(", ") : JSON.stringify(value)) : String(value));
  return (
    <div className="stack">
      <div className="figures">{figures.map((one) => <Figure key={one.key} label={one.label} mark={one.colour} value={count(one.n)} pressed={verdict === one.key} press={() => setVerdict(one.key || null)} />)}</div>
      {list.isError ? <Problem error={list.error} /> : list.isSuccess && rows.length === 0 ? <Empty icon="list" title={t("No such rows")} /> : (
        <div>
          <Table<Row> label={t("Rows")} items={rows} pending={list.isPending} compact stacks keyOf={(row) => String(row.row)} columns={[
            { key: "row", title: t("Row"), right: true, fit: true, cell: (row) => count(row.row) },
            { key: "verdict", title: t("Verdict"), fit: true, cell: (row) => <Status value={row.verdict} label={said[row.verdict]} /> },
            { key: "email", title: t("Contact"), cell: (row) => (row.contact_id ? <Link className="cut" to={`/contacts/${row.contact_id}`}>{shown(row.fields.email) || row.contact_id.slice(0, 13)}</Link> : <span className="cut">{shown(row.fields.email)}</span>) },
            ...keys.map((key) => ({ key, title: key.replace("attributes.", ""), hide: "wide-only" as const, cell: (row: Row) => <span className="cut muted">{shown(flat(row.fields)[key])}</span> })),
            { key: "why", title: t("Why"), cell: (row) => (row.reason ? <span className="bad wrap">{words(row.reason)}{row.note && <span className="muted"> {row.note}</span>}</span> : row.note ? <span className="muted wrap">{words(row.note)}</span> : <span className="faint">–</span>) },
          ]} />
          <Further more={list.hasNextPage} busy={list.isFetchingNextPage} load={list.fetchNextPage} shown={rows.length} />
        </div>
      )}
    </div>
  );
}

function Columns({ item }: { item: Import }) {
  const origins: Record<string, string> = { name: t("by its name"), spelling: t("by its spelling"), mapping: t("as you said"), unknown: t("became an attribute"), empty: t("has no name") };
  return (
    <Table label={t("Columns")} compact items={item.columns ?? []} keyOf={(column) => String(column.number)} columns={[
      { key: "name", title: t("Column"), cell: (column) => <span className="strong cut">{column.name}</span> },
      { key: "field", title: t("Becomes"), cell: (column) => (column.field ? <code>{column.field}</code> : <span className="muted">{t("left out")}</span>) },
      { key: "why", title: t("Known"), hide: "wide-only", cell: (column) => <span className="muted">{origins[column.origin] ?? column.origin}</span> },
      { key: "samples", title: t("For example"), hide: "wide-only", cell: (column) => <span className="muted cut">{column.samples.join(", ")}</span> },
    ]} />
  );
}

export default function ImportPage() {
  const { id = "" } = useParams();
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const routes = useRoutes();
  const found = useQuery({ queryKey: ["import", id], queryFn: () => api.get<Import>(`/imports/${id}`), refetchInterval: (query) => (query.state.data && working(query.state.data) ? 700 : false) });
  const tabs = [{ value: "rows", label: t("Rows") }, { value: "columns", label: t("Columns") }];
  const [tab, setTab] = useTab(tabs);
  const act = useMutation({
    mutationFn: (verb: "commit" | "undo") => api.post<Import>(`/imports/${id}/${verb}`),
    onSuccess: (saved) => {
      client.setQueryData(["import", id], saved);
      for (const key of [["list"], ["segments"], ["contacts"], ["overview"]]) client.invalidateQueries({ queryKey: key });
    },
    onError: sayProblem,
  });
  const page = (title: string, body: React.ReactNode) => <Page title={title} crumb={{ to: "/imports", label: t("Imports") }}>{body}</Page>;
  if (found.isError && !found.data) return page(t("Import"), <Problem error={found.error} again={() => found.refetch()} />);
  if (!found.data) return page(t("Import"), <Loading lines={8} />);
  const item = found.data;
  const written = item.rows_created + item.rows_updated;
  const undo = async () => {
    if (await ask({ title: t("Undo this import?"), text: t("Contacts it made and nobody touched since are deleted, changed fields get their old values, and consent it recorded is withdrawn. What others changed meanwhile stays."), yes: t("Undo import"), danger: true })) act.mutate("undo");
  };
  const discard = async () => {
    if (await ask({ title: t("Discard this file?"), text: t("Nothing of it was written."), yes: t("Discard"), danger: true })) api.remove(`/imports/${id}`).then(() => { client.invalidateQueries({ queryKey: ["list", "/imports"] }); say(t("Discarded")); navigate("/imports"); }, sayProblem);
  };
  const parts: Part[] = [
    { label: t("New"), value: item.rows_created, colour: "var(--chart-2)" }, { label: t("Changed"), value: item.rows_updated, colour: "var(--chart-1)" },
    { label: t("Unchanged"), value: item.rows_unchanged, colour: "var(--chart-5)" }, { label: t("Rejected"), value: item.rows_rejected, colour: "var(--chart-4)" },
  ];
  const may = mayWrite(session);
  return (
    <Page title={item.filename || t("Import")} crumb={{ to: "/imports", label: t("Imports") }} note={<span className="row tight wraps"><Status value={item.status} label={item.status === "staged" ? t("Checked, nothing written yet") : item.phase ? words(item.phase) : undefined} /> · <When at={item.created_at} />{item.bytes_read ? <span>· {bytes(item.bytes_read)}</span> : null}</span>}
      actions={<>
        {item.rows_rejected > 0 && <Button icon="download" href={`/api/v1/imports/${id}/rejections`} download={`rejected-${item.filename || "rows.csv"}`}>{t("Rejected rows")}</Button>}
        {may && item.status === "staged" && <><Button onClick={discard}>{t("Discard")}</Button><Button look="primary" icon="check" busy={act.isPending} disabled={written === 0} onClick={() => act.mutate("commit")}>{tn("Write {n} contact", "Write {n} contacts", written)}</Button></>}
        {may && (item.status === "completed" || item.status === "running") && <Button icon="undo" busy={act.isPending} onClick={undo}>{t("Undo import")}</Button>}
        {may && ["failed", "undone"].includes(item.status) && <Menu label={t("More")} items={[{ label: t("Remove from the list"), icon: "trash", danger: true, run: discard }]} />}
      </>}>
      <div className="stack">
        {item.error && <Notice tone="red" title={t("It failed")}>{item.error}</Notice>}
        {working(item) && <div className="card pad stack tight" role="status"><div className="row between small"><span className="strong">{words(item.phase ?? item.status)}</span><span className="muted number">{Math.round((item.progress ?? 0) * 100)} %</span></div><div className="bar thick"><i style={{ width: `${(item.progress ?? 0) * 100}%` }} /></div><span className="muted small">{t("You can leave this page; it goes on.")}</span></div>}
        {item.status === "staged" && <Notice tone="blue" title={t("Look before you write")}>{t("{created} new, {updated} changed, {unchanged} unchanged, {rejected} rejected. Nothing has been written yet.", { created: count(item.rows_created), updated: count(item.rows_updated), unchanged: count(item.rows_unchanged), rejected: count(item.rows_rejected) })}</Notice>}
        {item.status === "completed" && <Notice tone="green" title={t("Done")}>{t("{created} new, {updated} changed.", { created: count(item.rows_created), updated: count(item.rows_updated) })} {(item.consents_granted ?? 0) > 0 && tn("Consent recorded for {n} person.", "Consent recorded for {n} people.", item.consents_granted ?? 0)} {(item.consents_kept ?? 0) > 0 && tn("{n} had said no before and stays so.", "{n} had said no before and stay so.", item.consents_kept ?? 0)}</Notice>}
        {item.status === "undone" && <Notice title={t("Undone")}>{t("{deleted} contacts deleted, {restored} given their old values, {kept} kept because somebody changed them since.", { deleted: count(item.contacts_deleted), restored: count(item.contacts_restored), kept: count(item.contacts_kept) })}</Notice>}
        {item.rows_total > 0 && <PartsBar label={t("Rows")} whole={item.rows_total} parts={parts} />}
        <Tabs label={t("Parts")} tabs={tabs} value={tab} change={setTab} />
        {tab === "rows" && (routes.has("GET", "/imports/{id}/rows") ? <Rows key={item.status} item={item} /> : <Loading />)}
        {tab === "columns" && (
          <div className="split">
            <Columns item={item} />
            <Section title={t("For every row")}><dl className="facts"><Fact label={t("Consent")}>{item.consents?.map((one) => words(one)).join(", ")}</Fact><Fact label={t("Given")}>{item.consent_source}</Fact><Fact label={t("Tags")}>{item.tags?.join(", ")}</Fact><Fact label={t("Encoding")}>{item.encoding}</Fact><Fact label={t("Separator")}>{item.delimiter === "\t" ? t("tab") : item.delimiter}</Fact></dl></Section>
          </div>
        )}
      </div>
    </Page>
  );
}
