// One campaign: the stepper before its launch, its progress and report after.
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";

import { api } from "../api";
import { Loading, Page, Problem } from "../kit/page";
import { CampaignDraft } from "../parts/campaign_draft";
import { CampaignReport } from "../parts/campaign_report";
import { t } from "../texts";
import type { Campaign } from "../types";

export default function CampaignPage() {
  const { id = "" } = useParams();
  const campaign = useQuery({
    queryKey: ["campaign", id],
    queryFn: () => api.get<Campaign>(`/campaigns/${id}`),
    refetchInterval: (query) => (query.state.data?.status === "active" ? 20_000 : query.state.data?.status === "scheduled" ? 5_000 : false),
  });
  if (campaign.isError && !campaign.data) return <Page title={t("Campaign")} crumb={{ to: "/campaigns", label: t("Campaigns") }}><Problem error={campaign.error} again={() => campaign.refetch()} /></Page>;
  if (!campaign.data) return <Page title={t("Campaign")} crumb={{ to: "/campaigns", label: t("Campaigns") }}><Loading lines={8} /></Page>;
  const c = campaign.data;
  if (c.status === "draft" || c.status === "scheduled") return <CampaignDraft key={c.id} campaign={c} />;
  return <CampaignReport key={c.id} campaign={c} />;
}
