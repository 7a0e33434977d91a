import { Link } from "react-router";

import { count } from "../format";
import { Button, TextField } from "../kit/controls";
import { Empty, Page, useFilter, When } from "../kit/page";
import { ListTable } from "../kit/table";
import { summary } from "../parts/conditions";
import { useSegments } from "../parts/pickers";
import { mayWrite, useSession } from "../session";
import { t } from "../texts";
import type { Segment } from "../types";

export default function Segments() {
  const session = useSession();
  const all = useSegments();
  const [search, setSearch] = useFilter("q");
  const nameOf = (id: string) => all.data?.find((one) => one.id === id)?.name ?? "…";
  const create = mayWrite(session) && <Button look="primary" icon="plus" to="/segments/new">{t("New segment")}</Button>;
  return (
    <Page title={t("Segments")} actions={create}>
      <div className="toolbar"><div className="search"><TextField hideLabel label={t("Filter segments")} icon="search" type="search" placeholder={t("Filter by name…")} value={search} change={(text) => setSearch(text || null)} /></div></div>
      <ListTable<Segment> path="/segments" label={t("Segments")} refresh={15_000} limit={200} keep={(segment) => segment.name.toLowerCase().includes(search.toLowerCase())}
        empty={search ? <Empty icon="filter" title={t("No segment fits")} /> : <Empty icon="filter" title={t("No segments yet")} action={create}>{t("A segment is a question about your contacts: who lives here, bought that, opened this.")}</Empty>}
        columns={[
          { key: "name", title: t("Name"), cell: (segment) => <Link className="main cut" to={`/segments/${segment.id}`}>{segment.name}</Link> },
          { key: "members", title: t("Members"), right: true, fit: true, cell: (segment) => (segment.calculation_error ? <span className="bad" title={segment.calculation_error}>{t("error")}</span> : count(segment.member_count)) },
          { key: "conditions", title: t("Who"), hide: "wide-only", cell: (segment) => <span className="muted cut" title={segment.description}>{segment.is_dynamic ? summary(segment.conditions, nameOf) : t("picked by hand")}</span> },
          { key: "when", title: t("Counted"), fit: true, hide: "very-wide-only", cell: (segment) => <When at={segment.last_calculated_at} /> },
        ]} />
    </Page>
  );
}
