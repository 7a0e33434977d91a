import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";

import { api } from "../api";
import { count, none } from "../format";
import { Button, Check, Select, TextField } from "../kit/controls";
import { Dialog } from "../kit/layers";
import { Empty, Page, Problem, Status, useFilter, When } from "../kit/page";
import { ListTable } from "../kit/table";
import { isLive, Progress, useProgress } from "../parts/live";
import { useRoutes } from "../parts/routes";
import { mayWrite, useSession } from "../session";
import { t } from "../texts";
import type { Campaign } from "../types";

function NewCampaign({ open, close }: { open: boolean; close: () => void }) {
  const navigate = useNavigate();
  const routes = useRoutes();
  const [name, setName] = useState("");
  const [type, setType] = useState("broadcast");
  const create = useMutation({ mutationFn: () => api.post<Campaign>("/campaigns", { name: name.trim(), type }), onSuccess: (campaign) => navigate(`/campaigns/${campaign.id}`) });
  return (
    <Dialog open={open} close={close} title={t("New campaign")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" type="submit" form="new-campaign" busy={create.isPending}>{t("Create")}</Button></>}>
      <form id="new-campaign" className="stack" onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        {create.isError && <Problem error={create.error} />}
        <TextField label={t("Name")} hint={t("Only your team sees it.")} required autoFocus maxLength={255} value={name} change={setName} placeholder={t("Spring newsletter")} />
        {routes.has("GET", "/campaigns/{id}/runs") && <div className="form-row" role="radiogroup" aria-label={t("Kind")}><div className="choice"><Check kind="radio" name="type" checked={type === "broadcast"} change={() => setType("broadcast")} label={<span className="strong">{t("Once")}</span>} hint={t("To everybody at one time.")} /></div><div className="choice"><Check kind="radio" name="type" checked={type === "recurring"} change={() => setType("recurring")} label={<span className="strong">{t("Again and again")}</span>} hint={t("By a calendar rule, to whoever is in then.")} /></div></div>}
      </form>
    </Dialog>
  );
}

function Sending({ campaign }: { campaign: Campaign }) {
  const progress = useProgress(campaign);
  return <div style={{ minWidth: 220 }}><Progress campaign={campaign} progress={progress.data} /></div>;
}

function Sends({ campaign }: { campaign: Campaign }) {
  if (isLive(campaign.status)) return <Sending campaign={campaign} />;
  return <span className="number">{campaign.audience === null ? <span className="faint">{none}</span> : count(campaign.audience)}</span>;
}

const states = ["draft", "scheduled", "active", "paused", "completed", "canceled"];

export default function Campaigns() {
  const session = useSession();
  const routes = useRoutes();
  const [isNew, setNew] = useFilter("new");
  const [status, setStatus] = useFilter("status");
  const [search, setSearch] = useFilter("q");
  const byServer = routes.takes("/campaigns", "status");
  const create = mayWrite(session) && <Button look="primary" icon="plus" onClick={() => setNew("1")}>{t("New campaign")}</Button>;
  const [seen, setSeen] = useState<Campaign[]>([]);
  return (
    <Page title={t("Campaigns")} actions={create}>
      <div className="toolbar">
        <div className="search"><TextField hideLabel label={t("Filter campaigns")} icon="search" type="search" placeholder={t("Filter by name…")} value={search} change={(text) => setSearch(text || null)} /></div>
        <Select auto aria-label={t("Status")} value={status} change={(value) => setStatus(value || null)} placeholder={t("Any status")} choices={states.map((value) => ({ value, label: t(value.charAt(0).toUpperCase() + value.slice(1)) }))} />
      </div>
      <ListTable<Campaign>
        path="/campaigns"
        filters={byServer && status ? { status } : {}}
        keep={(campaign) => (byServer || !status || campaign.status === status) && campaign.name.toLowerCase().includes(search.toLowerCase())}
        label={t("Campaigns")}
        refresh={seen.some((campaign) => isLive(campaign.status)) ? 15_000 : 30_000}
        onItems={setSeen}
        empty={status || search ? <Empty icon="send" title={t("No campaign fits")} action={<Button onClick={() => { setStatus(null); }}>{t("Clear the filter")}</Button>} /> : <Empty icon="send" title={t("No campaigns yet")} action={create}>{t("A campaign sends one template to the people of your segments, once.")}</Empty>}
        columns={[
          { key: "name", title: t("Name"), cell: (campaign) => <Link className="main cut" to={`/campaigns/${campaign.id}`} title={campaign.name}>{campaign.name}</Link> },
          { key: "status", title: t("Status"), fit: true, cell: (campaign) => <Status value={campaign.status} label={campaign.status === "active" ? t("Sending") : undefined} /> },
          { key: "audience", title: t("Audience"), right: true, cell: (campaign) => <Sends campaign={campaign} /> },
          { key: "when", title: t("Sent or due"), hide: "wide-only", cell: (campaign) => <When at={campaign.launched_at ?? campaign.next_run_at} full={campaign.status === "scheduled"} /> },
          { key: "changed", title: t("Changed"), hide: "very-wide-only", cell: (campaign) => <span className="muted"><When at={campaign.updated_at} /></span> },
        ]}
      />
      <NewCampaign open={isNew === "1"} close={() => setNew(null)} />
    </Page>
  );
}
