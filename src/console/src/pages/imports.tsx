import { Anchor, Button, Checkbox, FileInput, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";

import { query, send } from "../api";
import { count } from "../format";
import { Glyph } from "../parts/glyph";
import { Empty, Page, Panel, Status, When } from "../parts/page";
import { ProblemPanel } from "../parts/problem";
import { ResourceTable, useFilter } from "../parts/resource_table";
import { mayWrite, useSession } from "../session";

export interface Import {
  id: string;
  status: string;
  filename?: string | null;
  rows_total: number;
  rows_created: number;
  rows_updated: number;
  rows_unchanged: number;
  rows_rejected: number;
  rows_committed?: number;
  error?: string | null;
  created_at: string;
  updated_at: string;
}

function NewImport({ opened, close }: { opened: boolean; close: () => void }) {
  const navigate = useNavigate();
  const [file, setFile] = useState<File | null>(null);
  const [consented, setConsented] = useState(false);
  const [source, setSource] = useState("");
  const upload = useMutation({
    mutationFn: async () => {
      const parameters = query({ filename: file!.name, ...(consented && { consent: "email.marketing", consent_source: source || "import" }) });
      const response = await send("POST", `/imports${parameters}`, file!, { "Content-Type": "text/csv" });
      return (await response.json()) as Import;
    },
    onSuccess: (made) => navigate(`/imports/${made.id}`),
  });
  return (
    <Modal opened={opened} onClose={close} title="Import contacts">
      <form onSubmit={(event) => { event.preventDefault(); if (file) upload.mutate(); }}>
        <Stack>
          {upload.isError && <ProblemPanel error={upload.error} />}
          <FileInput label="CSV file" placeholder="Choose a file" accept=".csv,text/csv" required value={file} onChange={setFile} clearable />
          <Text size="sm" c="dimmed">The first line names the columns: <span className="mono">email, first_name, last_name, tags, attributes.plan</span> … Nothing is written before you have seen the verdict on every row.</Text>
          <Checkbox label="Everybody in this file agreed to marketing mail" checked={consented} onChange={(event) => setConsented(event.currentTarget.checked)} />
          {consented && <TextInput label="Where did they agree?" placeholder="signup form, trade fair…" required value={source} onChange={(event) => setSource(event.currentTarget.value)} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>Cancel</Button>
            <Button type="submit" disabled={!file} loading={upload.isPending}>Upload and check</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export default function Imports() {
  const session = useSession();
  const [isNew, setNew] = useFilter("new");
  return (
    <Page title="Imports" actions={mayWrite(session) && <Button onClick={() => setNew("1")} leftSection={<Glyph name="upload" />}>Import a file</Button>}>
      <Panel flush>
        <ResourceTable<Import>
          path="/imports"
          label="Imports"
          refresh={10_000}
          empty={<Empty title="No imports yet" action={<Button onClick={() => setNew("1")}>Import a file</Button>}>Every row gets a verdict before anything is written, and every import can be undone.</Empty>}
          columns={[
            { title: "File", cell: (item) => <Anchor component={Link} to={`/imports/${item.id}`} className="wrap">{item.filename || item.id}</Anchor> },
            { title: "Status", cell: (item) => <Status value={item.status} /> },
            { title: "Rows", end: true, cell: (item) => count(item.rows_total) },
            { title: "New", end: true, cell: (item) => count(item.rows_created) },
            { title: "Changed", end: true, cell: (item) => count(item.rows_updated) },
            { title: "Rejected", end: true, cell: (item) => count(item.rows_rejected) },
            { title: "Started", cell: (item) => <When at={item.created_at} /> },
          ]}
        />
      </Panel>
      <NewImport opened={isNew === "1"} close={() => setNew(null)} />
    </Page>
  );
}
