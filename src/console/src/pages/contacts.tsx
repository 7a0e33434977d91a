import { Anchor, Badge, Button, Group, Modal, Stack, TagsInput, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";

import { api, ApiError } from "../api";
import { Glyph } from "../parts/glyph";
import { Empty, Page, Panel, When } from "../parts/page";
import { ProblemPanel, sayDone } from "../parts/problem";
import { ResourceTable, useFilter } from "../parts/resource_table";
import { mayWrite, useSession } from "../session";

export interface Contact {
  id: string;
  email: string | null;
  phone: string | null;
  first_name: string | null;
  last_name: string | null;
  time_zone: string | null;
  locale: string | null;
  external_id: string | null;
  lead_id: string | null;
  attributes: Record<string, unknown>;
  tags: string[];
  created_at: string;
  updated_at: string;
}

function NewContact({ opened, close }: { opened: boolean; close: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [first, setFirst] = useState("");
  const [last, setLast] = useState("");
  const [tags, setTags] = useState<string[]>([]);
  const create = useMutation({
    mutationFn: () => api.post<Contact>("/contacts", { email, ...(first && { first_name: first }), ...(last && { last_name: last }), tags }),
    onSuccess: (contact) => {
      client.invalidateQueries({ queryKey: ["list", "/contacts"] });
      sayDone("Contact added");
      navigate(`/contacts/${contact.id}`);
    },
  });
  const problem = create.error instanceof ApiError ? create.error : null;
  return (
    <Modal opened={opened} onClose={close} title="New contact">
      <form onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        <Stack>
          {create.isError && <ProblemPanel error={create.error} />}
          <TextInput label="E-mail" required type="email" data-autofocus value={email} error={problem?.field("email")} onChange={(event) => setEmail(event.currentTarget.value)} />
          <Group grow>
            <TextInput label="First name" value={first} onChange={(event) => setFirst(event.currentTarget.value)} />
            <TextInput label="Last name" value={last} onChange={(event) => setLast(event.currentTarget.value)} />
          </Group>
          <TagsInput label="Tags" value={tags} onChange={setTags} error={problem?.field("tags")} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>Cancel</Button>
            <Button type="submit" loading={create.isPending}>Add contact</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export default function Contacts() {
  const session = useSession();
  const [search, setSearch] = useFilter("search");
  const [tag, setTag] = useFilter("tag");
  const [creating, setCreating] = useState(false);
  const debounced = useDebouncedCallback((text: string) => setSearch(text || null), 250);
  return (
    <Page
      title="Contacts"
      actions={mayWrite(session) && (
        <>
          <Button variant="default" component={Link} to="/imports?new=1" leftSection={<Glyph name="upload" />}>Import</Button>
          <Button onClick={() => setCreating(true)} leftSection={<Glyph name="plus" />}>New contact</Button>
        </>
      )}
    >
      <Panel flush>
        <Group p="md" gap="sm">
          <TextInput aria-label="Search contacts" placeholder="E-mail or name starts with…" defaultValue={search} onChange={(event) => debounced(event.currentTarget.value)} leftSection={<Glyph name="search" size={16} />} style={{ flex: "1 1 16rem" }} />
          <TextInput aria-label="Tag" placeholder="Tag" defaultValue={tag} onBlur={(event) => setTag(event.currentTarget.value || null)} onKeyDown={(event) => event.key === "Enter" && setTag(event.currentTarget.value || null)} w={160} />
        </Group>
        <ResourceTable<Contact>
          path="/contacts"
          label="Contacts"
          filters={{ search, tag }}
          empty={search || tag ? <Empty title="Nobody fits">Try a shorter beginning, or clear the filters.</Empty> : (
            <Empty title="No contacts yet" action={<Button component={Link} to="/imports?new=1">Import a CSV file</Button>}>Bring in a list, or add people one by one or over the API.</Empty>
          )}
          columns={[
            { title: "E-mail", cell: (contact) => <Anchor component={Link} to={`/contacts/${contact.id}`} className="wrap">{contact.email ?? contact.phone ?? contact.external_id ?? contact.id}</Anchor> },
            { title: "Name", cell: (contact) => <span className="wrap">{[contact.first_name, contact.last_name].filter(Boolean).join(" ") || "–"}</span> },
            { title: "Tags", cell: (contact) => <Group gap={4}>{contact.tags.slice(0, 4).map((name) => <Badge key={name} variant="light" tt="none">{name}</Badge>)}{contact.tags.length > 4 && `+${contact.tags.length - 4}`}</Group> },
            { title: "Time zone", cell: (contact) => contact.time_zone ?? "–" },
            { title: "Added", cell: (contact) => <When at={contact.created_at} /> },
          ]}
        />
      </Panel>
      <NewContact opened={creating} close={() => setCreating(false)} />
    </Page>
  );
}
