import { Anchor, Button, Group, JsonInput, Loader, SimpleGrid, Stack, Table, Tabs, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { modals } from "@mantine/modals";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { api, type List, query } from "../api";
import { count } from "../format";
import { type Condition, ConditionBuilder } from "../parts/condition_builder";
import { Empty, Page, Panel, Tile, When } from "../parts/page";
import { ProblemPanel, sayDone, sayProblem } from "../parts/problem";
import { ResourceTable } from "../parts/resource_table";
import { mayWrite, useSession } from "../session";
import type { Segment } from "./segments";

interface Sample { id: string; email?: string | null; first_name?: string | null; last_name?: string | null }
interface Preview { count: number; sample: Sample[] }
interface Member { id: string; contact_id?: string; email?: string | null; added_at?: string }

export default function SegmentPage() {
  const { id = "" } = useParams();
  const session = useSession();
  const navigate = useNavigate();
  const client = useQueryClient();
  const segment = useQuery({ queryKey: ["segment", id], queryFn: () => api.get<Segment>(`/segments/${id}`), refetchInterval: 10_000 });
  const others = useQuery({ queryKey: ["segments", "names"], queryFn: () => api.get<List<Segment>>(`/segments${query({ limit: 200 })}`) });
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [condition, setCondition] = useState<Condition | null>(null);
  const [text, setText] = useState("");
  const loaded = segment.data?.id;
  useEffect(() => {
    if (!segment.data) return;
    setName(segment.data.name);
    setDescription(segment.data.description ?? "");
    setCondition(segment.data.conditions ?? null);
    setText(JSON.stringify(segment.data.conditions ?? {}, null, 2));
    // Only when another segment is opened: what is being typed must not be replaced by a refresh.
    // eslint-disable-next-line
  }, [loaded]);
  const [settled] = useDebouncedValue(condition, 350);
  const preview = useQuery({
    queryKey: ["preview", settled],
    enabled: !!settled && !!segment.data?.is_dynamic,
    queryFn: () => api.post<Preview>("/segments/preview", { conditions: settled }),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const save = useMutation({
    mutationFn: () => api.patch<Segment>(`/segments/${id}`, { name, description, ...(segment.data?.is_dynamic ? { conditions: condition } : {}) }),
    onSuccess: () => { client.invalidateQueries({ queryKey: ["segment", id] }); sayDone("Saved. Members are being recalculated."); },
    onError: sayProblem,
  });
  const recalculate = useMutation({
    mutationFn: () => api.post(`/segments/${id}/recalculate`),
    onSuccess: () => { client.invalidateQueries({ queryKey: ["segment", id] }); sayDone("Recalculating"); },
    onError: sayProblem,
  });
  const remove = useMutation({ mutationFn: () => api.remove(`/segments/${id}`), onSuccess: () => navigate("/segments"), onError: sayProblem });
  if (segment.isPending) return <Loader />;
  if (segment.isError) return <ProblemPanel error={segment.error} again={() => segment.refetch()} />;
  const change = (next: Condition) => { setCondition(next); setText(JSON.stringify(next, null, 2)); };
  const writable = mayWrite(session);
  return (
    <Page
      title={segment.data.name}
      note={segment.data.is_dynamic ? "Recalculated every five minutes" : "Members are added by hand"}
      actions={writable && (
        <>
          <Button variant="subtle" color="red" onClick={() => modals.openConfirmModal({ title: "Delete this segment?", children: <Text size="sm">Campaigns that were sent keep their audience.</Text>, labels: { confirm: "Delete", cancel: "Keep" }, confirmProps: { color: "red" }, onConfirm: () => remove.mutate() })}>Delete</Button>
          {segment.data.is_dynamic && <Button variant="default" onClick={() => recalculate.mutate()} loading={recalculate.isPending}>Recalculate</Button>}
          <Button onClick={() => save.mutate()} loading={save.isPending}>Save</Button>
        </>
      )}
    >
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Tile label="Members" value={count(segment.data.member_count)} />
        <Tile label="This condition fits" value={preview.data && segment.data.is_dynamic ? count(preview.data.count) : "–"} note={preview.isFetching ? "counting…" : undefined} />
        <Tile label="Last calculated" value={<When at={segment.data.last_calculated_at} />} />
      </SimpleGrid>
      <Panel>
        <Stack>
          <Group grow align="flex-start">
            <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} readOnly={!writable} />
            <Textarea label="Description" autosize value={description} onChange={(event) => setDescription(event.currentTarget.value)} readOnly={!writable} />
          </Group>
          {segment.data.is_dynamic && condition && (
            <Tabs defaultValue="builder">
              <Tabs.List><Tabs.Tab value="builder">Builder</Tabs.Tab><Tabs.Tab value="json">JSON</Tabs.Tab></Tabs.List>
              <Tabs.Panel value="builder" pt="md"><ConditionBuilder condition={condition.and || condition.or || condition.not ? condition : { and: [condition] }} change={change} segments={(others.data?.items ?? []).filter((other) => other.id !== id).map((other) => ({ value: other.id, label: other.name }))} /></Tabs.Panel>
              <Tabs.Panel value="json" pt="md">
                <JsonInput aria-label="Conditions as JSON" autosize minRows={8} className="mono" value={text} validationError="This is not JSON yet" onChange={(value) => { setText(value); try { setCondition(JSON.parse(value)); } catch { /* goes on being typed */ } }} />
              </Tabs.Panel>
            </Tabs>
          )}
          {preview.isError && <ProblemPanel error={preview.error} />}
          {preview.data && preview.data.sample.length > 0 && segment.data.is_dynamic && (
            <div>
              <Text size="sm" c="dimmed" mb={4}>For example</Text>
              <Table aria-label="Sample"><Table.Tbody>{preview.data.sample.map((contact) => (
                <Table.Tr key={contact.id}><Table.Td><Anchor component={Link} to={`/contacts/${contact.id}`}>{contact.email ?? contact.id}</Anchor></Table.Td><Table.Td>{[contact.first_name, contact.last_name].filter(Boolean).join(" ")}</Table.Td></Table.Tr>
              ))}</Table.Tbody></Table>
            </div>
          )}
        </Stack>
      </Panel>
      <Panel title="Members" flush>
        <ResourceTable<Member> path={`/segments/${id}/members`} label="Members" empty={<Empty title="Nobody belongs to it yet" />}
          columns={[
            { title: "Contact", cell: (member) => <Anchor component={Link} to={`/contacts/${member.contact_id ?? member.id}`}>{member.email ?? member.contact_id ?? member.id}</Anchor> },
            { title: "Since", cell: (member) => <When at={member.added_at} /> },
          ]} />
      </Panel>
    </Page>
  );
}
