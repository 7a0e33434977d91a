import { useQuery } from "@tanstack/react-query";

import { api, type List, query } from "../api";
import { words } from "../format";
import { Button, Select } from "../kit/controls";
import { Page, useFilter } from "../kit/page";
import { AuditTable } from "../parts/audit_table";
import { mayAdminister, useSession } from "../session";
import { t } from "../texts";

const things = ["campaign", "template", "segment", "contact", "consent", "suppression", "import", "sender", "provider", "user", "api_key", "tenant", "message", "job"];

export default function Audit() {
  const session = useSession();
  const [type, setType] = useFilter("entity_type");
  const [id, setId] = useFilter("entity_id");
  const [actor, setActor] = useFilter("actor_id");
  const users = useQuery({ queryKey: ["users", "names"], enabled: mayAdminister(session), staleTime: 60_000, queryFn: () => api.get<List<{ id: string; name: string; email: string }>>(`/users${query({ limit: 500 })}`).then((list) => list.items) });
  return (
    <Page title={t("Audit")} note={t("Who changed what, from what to what. Nothing here can be changed.")}>
      <div className="toolbar">
        <Select auto aria-label={t("Kind of thing")} value={type} change={(value) => setType(value || null)} placeholder={t("Everything")} choices={things.map((value) => ({ value, label: words(value) }))} />
        {users.data && <Select auto aria-label={t("By")} value={actor} change={(value) => setActor(value || null)} placeholder={t("By anybody")} choices={users.data.map((user) => ({ value: user.id, label: user.name || user.email }))} />}
        {id && <Button icon="cross" onClick={() => setId(null)}>{t("Only one thing")}</Button>}
      </div>
      <AuditTable filters={{ entity_type: type || null, entity_id: id || null, actor_id: actor || null }} />
    </Page>
  );
}
