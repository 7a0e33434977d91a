import { Alert, Button, Loader, Progress, SimpleGrid, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "react-router";

import { api } from "../api";
import { count } from "../format";
import { Glyph } from "../parts/glyph";
import { Page, Panel, Status, Tile } from "../parts/page";
import { ProblemPanel, sayDone, sayProblem } from "../parts/problem";
import { mayWrite, useSession } from "../session";
import type { Import } from "./imports";

const busy = new Set(["receiving", "running", "undoing"]);

export default function ImportPage() {
  const { id = "" } = useParams();
  const session = useSession();
  const client = useQueryClient();
  const found = useQuery({
    queryKey: ["import", id],
    queryFn: () => api.get<Import>(`/imports/${id}`),
    refetchInterval: (state) => (state.state.data && busy.has(state.state.data.status) ? 1000 : false),
  });
  const act = useMutation({
    mutationFn: (verb: "commit" | "undo") => api.post(`/imports/${id}/${verb}`),
    onSuccess: (_, verb) => {
      client.invalidateQueries({ queryKey: ["import", id] });
      sayDone(verb === "commit" ? "Writing the contacts" : "Taking it back");
    },
    onError: sayProblem,
  });
  if (found.isPending) return <Loader />;
  if (found.isError) return <ProblemPanel error={found.error} again={() => found.refetch()} />;
  const it = found.data;
  const good = it.rows_total - it.rows_rejected;
  const undo = () =>
    modals.openConfirmModal({
      title: "Undo this import?",
      children: <Text size="sm">Contacts it made are removed unless they were changed since; contacts it changed get their old values back.</Text>,
      labels: { confirm: "Undo", cancel: "Keep" },
      confirmProps: { color: "red" },
      onConfirm: () => act.mutate("undo"),
    });
  return (
    <Page
      title={it.filename || "Import"}
      note={<Status value={it.status} />}
      actions={
        <>
          {it.rows_rejected > 0 && <Button variant="default" component="a" href={`/api/v1/imports/${id}/rejections`} download={`rejected-${id}.csv`} leftSection={<Glyph name="download" />}>Rejected rows</Button>}
          {mayWrite(session) && it.status === "completed" && <Button variant="default" color="red" onClick={undo}>Undo</Button>}
          {mayWrite(session) && it.status === "staged" && <Button onClick={() => act.mutate("commit")} loading={act.isPending} disabled={good === 0}>Write {count(good)} contacts</Button>}
        </>
      }
    >
      {it.error && <Alert color="red" title="It stopped">{it.error}</Alert>}
      {it.status === "staged" && <Alert color="violet" title="Nothing has been written yet">Look at the verdicts below. Rejected rows can be downloaded with their reasons, mended, and imported again.</Alert>}
      {busy.has(it.status) && <Panel><Text size="sm" mb="xs">{it.status === "receiving" ? "Reading and checking…" : it.status === "undoing" ? "Taking it back…" : "Writing…"}</Text><Progress value={it.rows_total > 0 ? ((it.rows_committed ?? 0) / Math.max(good, 1)) * 100 : 100} animated striped aria-label="Progress" /></Panel>}
      <SimpleGrid cols={{ base: 2, md: 5 }}>
        <Tile label="Rows" value={count(it.rows_total)} />
        <Tile label="New contacts" value={count(it.rows_created)} />
        <Tile label="Changed" value={count(it.rows_updated)} />
        <Tile label="Unchanged" value={count(it.rows_unchanged)} />
        <Tile label="Rejected" value={count(it.rows_rejected)} />
      </SimpleGrid>
    </Page>
  );
}
