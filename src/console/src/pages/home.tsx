import { Anchor, Button, Group, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { api, type List, query } from "../api";
import { count, share } from "../format";
import { Empty, Page, Panel, Status, Tile, When } from "../parts/page";
import { ProblemPanel } from "../parts/problem";
import { maySend, useSession } from "../session";
import type { Campaign, Report } from "./campaign_types";

function Sending({ campaign }: { campaign: Campaign }) {
  const report = useQuery({ queryKey: ["report", campaign.id], queryFn: () => api.get<Report>(`/campaigns/${campaign.id}/report`), refetchInterval: 3000 });
  const r = report.data;
  const done = r ? r.audience - r.queued - r.sending : 0;
  return (
    <Stack gap={6}>
      <Group justify="space-between" wrap="nowrap">
        <Anchor component={Link} to={`/campaigns/${campaign.id}`} fw={600} className="wrap">{campaign.name}</Anchor>
        <Status value={campaign.status} />
      </Group>
      <Progress value={r && r.audience > 0 ? (done / r.audience) * 100 : 0} aria-label={`Progress of ${campaign.name}`} />
      <Text size="xs" c="dimmed" className="number">{r ? `${count(done)} of ${count(r.audience)} handled · ${count(r.sent)} sent · ${count(r.clicked)} clicked` : "Counting…"}</Text>
    </Stack>
  );
}

export default function Home() {
  const session = useSession();
  const campaigns = useQuery({ queryKey: ["home", "campaigns"], queryFn: () => api.get<List<Campaign>>(`/campaigns${query({ limit: 100 })}`), refetchInterval: 10_000 });
  const dead = useQuery({ queryKey: ["home", "dead"], queryFn: () => api.get<List<{ id: string }>>(`/jobs/dead${query({ limit: 50 })}`), refetchInterval: 30_000 });
  const failed = useQuery({ queryKey: ["home", "failed"], queryFn: () => api.get<List<{ id: string }>>(`/messages${query({ status: "failed", limit: 50 })}`), refetchInterval: 30_000 });
  const senders = useQuery({ queryKey: ["home", "senders"], queryFn: () => api.get<List<{ id: string; verified: boolean; from_email: string }>>("/senders") });
  const all = campaigns.data?.items ?? [];
  const live = all.filter((campaign) => campaign.status === "active" || campaign.status === "paused");
  const planned = all.filter((campaign) => campaign.status === "scheduled");
  const recent = all.filter((campaign) => campaign.status === "completed").slice(0, 5);
  const unverified = (senders.data?.items ?? []).filter((sender) => !sender.verified);
  const hands = [
    dead.data?.items.length ? { to: "/jobs?state=dead", text: `${count(dead.data.items.length)} dead jobs wait for a decision` } : null,
    failed.data?.items.length ? { to: "/messages?status=failed", text: `${count(failed.data.items.length)}${failed.data.next_cursor ? "+" : ""} messages failed` } : null,
    unverified.length ? { to: "/senders", text: `Sender ${unverified[0]!.from_email} is not verified` } : null,
    senders.data && senders.data.items.length === 0 ? { to: "/senders", text: "No sender yet: add a provider and a sender address" } : null,
  ].filter((item) => item !== null);
  return (
    <Page title={`Hello${session.name && !session.name.includes("@") ? `, ${session.name}` : ""}`} actions={maySend(session) && <Button component={Link} to="/campaigns?new=1">New campaign</Button>}>
      {campaigns.isError && <ProblemPanel error={campaigns.error} again={() => campaigns.refetch()} />}
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <Tile label="Sending now" value={count(live.length)} />
        <Tile label="Scheduled" value={count(planned.length)} />
        <Tile label="Completed" value={count(all.filter((campaign) => campaign.status === "completed").length)} />
        <Tile label="Needs a hand" value={count(hands.length)} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel title="Sending now">
          {live.length === 0 ? <Empty title="Nothing is being sent">Launch a campaign and watch it here.</Empty> : <Stack>{live.map((campaign) => <Sending key={campaign.id} campaign={campaign} />)}</Stack>}
        </Panel>
        <Panel title="Needs a hand">
          {hands.length === 0 ? <Empty title="All is well">Failed messages, dead jobs and unverified senders would show here.</Empty> : (
            <Stack gap="xs">{hands.map((hand) => <Anchor key={hand.to + hand.text} component={Link} to={hand.to}>{hand.text}</Anchor>)}</Stack>
          )}
        </Panel>
      </SimpleGrid>
      <Panel title="Lately completed">
        {recent.length === 0 ? <Empty title="No campaign has been completed yet" /> : <Stack gap={0}>{recent.map((campaign) => <Recent key={campaign.id} campaign={campaign} />)}</Stack>}
      </Panel>
    </Page>
  );
}

function Recent({ campaign }: { campaign: Campaign }) {
  const report = useQuery({ queryKey: ["report", campaign.id], queryFn: () => api.get<Report>(`/campaigns/${campaign.id}/report`) });
  const r = report.data;
  return (
    <div className="stage">
      <Anchor component={Link} to={`/campaigns/${campaign.id}`} className="wrap">{campaign.name}</Anchor>
      <Group gap="lg" wrap="nowrap">
        {r && <Text size="sm" c="dimmed" className="number" visibleFrom="xs">{count(r.sent)} sent · {share(r.opened, r.sent)} opened · {share(r.clicked, r.sent)} clicked</Text>}
        <When at={campaign.completed_at ?? campaign.updated_at} />
      </Group>
    </div>
  );
}
