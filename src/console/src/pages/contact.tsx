import { Badge, Button, Code, Group, Loader, Menu, Select, SimpleGrid, Stack, Table, Tabs, Text, Timeline } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "react-router";

import { api, type List, query } from "../api";
import { moment, words } from "../format";
import { Empty, Fact, Page, Panel, Status, When } from "../parts/page";
import { ProblemPanel, sayDone, sayProblem } from "../parts/problem";
import { mayAdminister, mayWrite, useSession } from "../session";
import type { Contact } from "./contacts";

interface Consent {
  id: string;
  channel: string;
  consent_type: string;
  status: string;
  source: string | null;
  ip_address: string | null;
  granted_at: string | null;
  revoked_at: string | null;
  updated_at?: string;
}

interface TimelineItem {
  id?: string;
  kind?: string;
  type?: string;
  occurred_at?: string;
  at?: string;
  summary?: string;
  [key: string]: unknown;
}

function Consents({ id }: { id: string }) {
  const session = useSession();
  const client = useQueryClient();
  const consents = useQuery({ queryKey: ["consents", id], queryFn: () => api.get<List<Consent>>(`/consents${query({ contact_id: id })}`) });
  const set = useMutation({
    mutationFn: (wanted: { channel: string; type: string; status: string }) =>
      api.put(`/contacts/${id}/consents/${wanted.channel}/${wanted.type}`, { status: wanted.status, source: "console" }),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["consents", id] });
      client.invalidateQueries({ queryKey: ["timeline", id] });
      sayDone("Consent recorded");
    },
    onError: sayProblem,
  });
  if (consents.isPending) return <Loader size="sm" />;
  if (consents.isError) return <ProblemPanel error={consents.error} />;
  const wanted = ["email", "sms", "push"].flatMap((channel) => ["marketing", "transactional"].map((type) => ({ channel, type })));
  return (
    <div className="scroller">
      <Table miw={560} aria-label="Consent">
        <Table.Thead><Table.Tr><Table.Th>Channel</Table.Th><Table.Th>For</Table.Th><Table.Th>Status</Table.Th><Table.Th>Source</Table.Th><Table.Th>Since</Table.Th><Table.Th /></Table.Tr></Table.Thead>
        <Table.Tbody>
          {wanted.map(({ channel, type }) => {
            const consent = consents.data.items.find((item) => item.channel === channel && item.consent_type === type);
            return (
              <Table.Tr key={channel + type}>
                <Table.Td>{channel}</Table.Td>
                <Table.Td>{type}</Table.Td>
                <Table.Td>{consent ? <Status value={consent.status} /> : <Text size="sm" c="dimmed">never asked</Text>}</Table.Td>
                <Table.Td className="wrap">{[consent?.source, consent?.ip_address].filter(Boolean).join(" · ") || "–"}</Table.Td>
                <Table.Td><When at={consent?.revoked_at ?? consent?.granted_at} /></Table.Td>
                <Table.Td ta="right">
                  {mayWrite(session) && (
                    <Select size="xs" w={120} aria-label={`${channel} ${type}`} placeholder="Record…" value={null} data={["granted", "denied"]}
                      onChange={(status) => status && set.mutate({ channel, type, status })} />
                  )}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Past({ id }: { id: string }) {
  const past = useInfiniteQuery({
    queryKey: ["timeline", id],
    initialPageParam: "",
    queryFn: ({ pageParam }) => api.get<List<TimelineItem>>(`/contacts/${id}/timeline${query({ cursor: pageParam })}`),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  if (past.isPending) return <Loader size="sm" />;
  if (past.isError) return <ProblemPanel error={past.error} again={() => past.refetch()} />;
  const items = past.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <Empty title="Nothing has happened yet" />;
  return (
    <Stack>
      <Timeline bulletSize={14} lineWidth={2} active={items.length}>
        {items.map((item, index) => {
          const at = item.occurred_at ?? item.at;
          const known = new Set(["id", "kind", "type", "occurred_at", "at", "summary"]);
          const rest = Object.fromEntries(Object.entries(item).filter(([key, value]) => !known.has(key) && value !== null && value !== undefined));
          return (
            <Timeline.Item key={item.id ?? index} title={item.summary ?? words(String(item.type ?? item.kind ?? "event"))}>
              <Text size="xs" c="dimmed">{moment(at)}</Text>
              {Object.keys(rest).length > 0 && (
                <details><summary><Text span size="xs" c="dimmed">details</Text></summary><Code block className="wrap">{JSON.stringify(rest, null, 2)}</Code></details>
              )}
            </Timeline.Item>
          );
        })}
      </Timeline>
      {past.hasNextPage && <Button variant="default" size="xs" onClick={() => past.fetchNextPage()} loading={past.isFetchingNextPage}>Earlier</Button>}
    </Stack>
  );
}

export default function ContactPage() {
  const { id = "" } = useParams();
  const session = useSession();
  const navigate = useNavigate();
  const contact = useQuery({ queryKey: ["contact", id], queryFn: () => api.get<Contact>(`/contacts/${id}`) });
  const erase = useMutation({
    mutationFn: () => api.post(`/contacts/${id}/erase`),
    onSuccess: () => { sayDone("Erased. The address stays blocked by a keyed hash."); navigate("/contacts"); },
    onError: sayProblem,
  });
  if (contact.isPending) return <Loader />;
  if (contact.isError) return <ProblemPanel error={contact.error} again={() => contact.refetch()} />;
  const c = contact.data;
  const name = [c.first_name, c.last_name].filter(Boolean).join(" ");
  const ask = () =>
    modals.openConfirmModal({
      title: "Erase this person?",
      children: <Text size="sm">Everything that identifies {c.email ?? "this contact"} is removed for good: profile, events, addresses. Counts stay. This cannot be undone.</Text>,
      labels: { confirm: "Erase for good", cancel: "Keep" },
      confirmProps: { color: "red" },
      onConfirm: () => erase.mutate(),
    });
  return (
    <Page
      title={name || c.email || "Contact"}
      note={name ? c.email : undefined}
      actions={
        <Menu>
          <Menu.Target><Button variant="default">More</Button></Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component="a" href={`/api/v1/contacts/${id}/export`} download={`contact-${id}.json`}>Export everything (JSON)</Menu.Item>
            {mayAdminister(session) && <Menu.Item color="red" onClick={ask}>Erase…</Menu.Item>}
          </Menu.Dropdown>
        </Menu>
      }
    >
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel title="Profile">
          <SimpleGrid cols={2}>
            <Fact label="E-mail">{c.email}</Fact>
            <Fact label="Phone">{c.phone}</Fact>
            <Fact label="Time zone">{c.time_zone}</Fact>
            <Fact label="Locale">{c.locale}</Fact>
            <Fact label="External id">{c.external_id}</Fact>
            <Fact label="Added"><When at={c.created_at} /></Fact>
          </SimpleGrid>
          <Text size="xs" c="dimmed" mt="md">Tags</Text>
          <Group gap={4}>{c.tags.length ? c.tags.map((tag) => <Badge key={tag} variant="light" tt="none">{tag}</Badge>) : "–"}</Group>
        </Panel>
        <Panel title="Attributes">
          {Object.keys(c.attributes).length === 0 ? <Text c="dimmed" size="sm">None</Text> : (
            <Table aria-label="Attributes">
              <Table.Tbody>
                {Object.entries(c.attributes).map(([key, value]) => (
                  <Table.Tr key={key}><Table.Td w="40%" className="wrap">{key}</Table.Td><Table.Td className="wrap">{typeof value === "string" ? value : JSON.stringify(value)}</Table.Td></Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )}
        </Panel>
      </SimpleGrid>
      <Panel>
        <Tabs defaultValue="timeline" keepMounted={false}>
          <Tabs.List><Tabs.Tab value="timeline">Timeline</Tabs.Tab><Tabs.Tab value="consent">Consent</Tabs.Tab></Tabs.List>
          <Tabs.Panel value="timeline" pt="md"><Past id={id} /></Tabs.Panel>
          <Tabs.Panel value="consent" pt="md"><Consents id={id} /></Tabs.Panel>
        </Tabs>
      </Panel>
    </Page>
  );
}
