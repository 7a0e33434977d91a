import { Alert, Badge, Button, Code, Group, List, Loader, Modal, SegmentedControl, SimpleGrid, Stack, Switch, Tabs, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useParams } from "react-router";

import { api, ApiError, type List as Items, query } from "../api";
import { CodeEditor } from "../parts/code_editor";
import { Page, Panel } from "../parts/page";
import { ProblemPanel, sayDone, sayProblem } from "../parts/problem";
import { mayWrite, maySend, useSession } from "../session";
import type { Contact } from "./contacts";
import type { Template } from "./templates";

interface Rendered {
  subject: string;
  html: string;
  text: string;
  warnings: { code: string; message: string; line?: number; column?: number }[];
}

// The mail runs in a frame that can neither run scripts nor reach this page.
function MailFrame({ html, width, dark }: { html: string; width: string; dark: boolean }) {
  const framed = dark ? `<style>html{filter:invert(1) hue-rotate(180deg);background:#fff}img{filter:invert(1) hue-rotate(180deg)}</style>${html}` : html;
  return <iframe className="mail-frame" title="Preview of the mail" sandbox="" srcDoc={framed} style={{ height: 560, maxWidth: width, margin: "0 auto", display: "block" }} />;
}

function TestSend({ id, opened, close }: { id: string; opened: boolean; close: () => void }) {
  const session = useSession();
  const [to, setTo] = useState(session.email);
  const send = useMutation({ mutationFn: () => api.post(`/templates/${id}/test-send`, { to }), onSuccess: () => { sayDone(`On its way to ${to}`); close(); } });
  return (
    <Modal opened={opened} onClose={close} title="Send a test">
      <form onSubmit={(event) => { event.preventDefault(); send.mutate(); }}>
        <Stack>
          {send.isError && <ProblemPanel error={send.error} />}
          <TextInput label="To" type="email" required data-autofocus value={to} onChange={(event) => setTo(event.currentTarget.value)} />
          <Group justify="flex-end"><Button type="submit" loading={send.isPending}>Send test</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

export default function TemplatePage() {
  const { id = "" } = useParams();
  const session = useSession();
  const client = useQueryClient();
  const template = useQuery({ queryKey: ["template", id], queryFn: () => api.get<Template>(`/templates/${id}`) });
  const [draft, setDraft] = useState<{ name: string; subject: string; html_body: string; text_body: string } | null>(null);
  const [width, setWidth] = useState("100%");
  const [dark, setDark] = useState(false);
  const [email, setEmail] = useState("");
  const [testing, setTesting] = useState(false);
  const version = template.data?.version;
  useEffect(() => {
    const t = template.data;
    if (t) setDraft({ name: t.name, subject: t.subject, html_body: t.html_body, text_body: t.text_body ?? "" });
    // eslint-disable-next-line
  }, [version, id]);
  const [sought] = useDebouncedValue(email, 300);
  const person = useQuery({ queryKey: ["preview-contact", sought], queryFn: () => api.get<Items<Contact>>(`/contacts${query({ search: sought, limit: 1 })}`) });
  const contact = person.data?.items[0];
  const preview = useQuery({
    queryKey: ["template-preview", id, version, contact?.id],
    enabled: !!template.data,
    queryFn: () => api.post<Rendered>(`/templates/${id}/preview`, contact ? { contact_id: contact.id } : {}),
    retry: false,
  });
  const save = useMutation({
    mutationFn: () => api.patch<Template>(`/templates/${id}`, { ...draft, text_body: draft!.text_body || null }),
    onSuccess: (saved) => { client.setQueryData(["template", id], saved); client.invalidateQueries({ queryKey: ["template-preview", id] }); sayDone(`Saved as version ${saved.version}`); },
    onError: sayProblem,
  });
  if (template.isPending || !draft) return template.isError ? <ProblemPanel error={template.error} /> : <Loader />;
  const problem = save.error instanceof ApiError ? save.error : null;
  const dirty = draft.name !== template.data!.name || draft.subject !== template.data!.subject || draft.html_body !== template.data!.html_body || draft.text_body !== (template.data!.text_body ?? "");
  return (
    <Page
      title={draft.name}
      note={`Version ${template.data!.version}`}
      actions={
        <>
          {maySend(session) && <Button variant="default" onClick={() => setTesting(true)} disabled={dirty}>Send a test</Button>}
          {mayWrite(session) && <Button onClick={() => save.mutate()} loading={save.isPending} disabled={!dirty}>Save</Button>}
        </>
      }
    >
      {problem && <ProblemPanel error={problem} />}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Panel>
          <Stack>
            <TextInput label="Name" value={draft.name} onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })} />
            <TextInput label="Subject" value={draft.subject} error={problem?.field("subject")} onChange={(event) => setDraft({ ...draft, subject: event.currentTarget.value })} />
            <Tabs defaultValue="html">
              <Tabs.List><Tabs.Tab value="html">HTML</Tabs.Tab><Tabs.Tab value="text">Plain text</Tabs.Tab></Tabs.List>
              <Tabs.Panel value="html" pt="sm"><CodeEditor label="HTML body" value={draft.html_body} change={(html_body) => setDraft((before) => before && { ...before, html_body })} /></Tabs.Panel>
              <Tabs.Panel value="text" pt="sm">
                <Text size="sm" c="dimmed" mb="xs">Left empty, it is made from the HTML.</Text>
                <CodeEditor plain label="Plain text body" value={draft.text_body} change={(text_body) => setDraft((before) => before && { ...before, text_body })} />
              </Tabs.Panel>
            </Tabs>
          </Stack>
        </Panel>
        <Panel>
          <Stack>
            <Group justify="space-between">
              <TextInput aria-label="Preview as" placeholder="Preview as contact…" value={email} onChange={(event) => setEmail(event.currentTarget.value)} style={{ flex: 1 }} description={contact ? `as ${contact.email}` : "as a made-up contact"} />
            </Group>
            <Group justify="space-between">
              <SegmentedControl size="xs" value={width} onChange={setWidth} data={[{ value: "100%", label: "Wide" }, { value: "420px", label: "Tablet" }, { value: "360px", label: "Phone" }]} />
              <Switch size="sm" label="Dark" checked={dark} onChange={(event) => setDark(event.currentTarget.checked)} />
            </Group>
            {dirty && <Alert color="blue" p="xs">The preview shows the saved version. Save to see your changes.</Alert>}
            {preview.isPending && <Loader size="sm" />}
            {preview.isError && <ProblemPanel error={preview.error} />}
            {preview.data && (
              <Tabs defaultValue="mail">
                <Tabs.List><Tabs.Tab value="mail">Mail</Tabs.Tab><Tabs.Tab value="text">Text</Tabs.Tab><Tabs.Tab value="checks">Checks <Badge size="xs" ml={4} color={preview.data.warnings.length ? "yellow" : "green"}>{preview.data.warnings.length}</Badge></Tabs.Tab></Tabs.List>
                <Tabs.Panel value="mail" pt="sm"><Text fw={600} mb="xs" className="wrap">{preview.data.subject}</Text><MailFrame html={preview.data.html} width={width} dark={dark} /></Tabs.Panel>
                <Tabs.Panel value="text" pt="sm"><Code block className="wrap">{preview.data.text}</Code></Tabs.Panel>
                <Tabs.Panel value="checks" pt="sm">
                  {preview.data.warnings.length === 0 ? <Text size="sm">Nothing to complain about.</Text> : <List size="sm">{preview.data.warnings.map((warning, index) => <List.Item key={index}>{warning.message}{warning.line ? ` (line ${warning.line})` : ""}</List.Item>)}</List>}
                  <Text size="sm" c="dimmed" mt="md">Variables: {template.data!.variables.map((variable) => <Code key={variable} mr={4}>{variable}</Code>)}</Text>
                </Tabs.Panel>
              </Tabs>
            )}
          </Stack>
        </Panel>
      </SimpleGrid>
      <TestSend id={id} opened={testing} close={() => setTesting(false)} />
    </Page>
  );
}
