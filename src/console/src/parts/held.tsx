import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api } from "../api";
import { Button } from "../kit/controls";
import { Notice } from "../kit/page";
import { say, sayProblem } from "../kit/toast";
import { maySend, useSession } from "../session";
import { t } from "../texts";
import type { Campaign } from "../types";
import { useRoutes } from "./routes";

// A start that was missed or is unusual waits for somebody to approve it.
export function Held({ campaign }: { campaign: Campaign }) {
  const session = useSession();
  const client = useQueryClient();
  const routes = useRoutes();
  const approve = useMutation({ mutationFn: () => api.post<Campaign>(`/campaigns/${campaign.id}/approve`), onSuccess: (saved) => { client.setQueryData(["campaign", campaign.id], saved); say(t("It starts now")); }, onError: sayProblem });
  if (!campaign.hold_reason && !campaign.held_for) return null;
  return <Notice tone="yellow" title={campaign.held_for ? t("Waits to be approved") : t("Held")} actions={campaign.held_for && maySend(session) && routes.has("POST", "/campaigns/{id}/approve") && <Button small look="primary" busy={approve.isPending} onClick={() => approve.mutate()}>{t("Approve and start")}</Button>}>{campaign.hold_reason}</Notice>;
}
