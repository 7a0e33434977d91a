import { Anchor, Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";

import { api } from "../api";
import { Glyph } from "../parts/glyph";
import { Empty, Page, Panel, When } from "../parts/page";
import { sayProblem } from "../parts/problem";
import { ResourceTable } from "../parts/resource_table";
import { mayWrite, useSession } from "../session";

export interface Template {
  id: string;
  name: string;
  channel: string;
  subject: string;
  html_body: string;
  text_body: string | null;
  variables: string[];
  version: number;
  created_at: string;
  updated_at: string;
}

const starter = `<!doctype html>
<html>
  <body style="margin:0;background:#f4f5f7;font-family:Helvetica,Arial,sans-serif;color:#1a1d21">
    <table role="presentation" width="100%"><tr><td align="center" style="padding:24px">
      <table role="presentation" width="560" style="background:#ffffff;border-radius:8px"><tr><td style="padding:32px">
        <h1 style="font-size:22px;margin:0 0 16px">Hello {{ contact.first_name | default: "there" }}</h1>
        <p style="line-height:1.5">Here is what is new.</p>
        <p><a href="https://example.com/">Read more</a></p>
        <p style="font-size:12px;color:#667">You get this because you signed up. <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>
      </td></tr></table>
    </td></tr></table>
  </body>
</html>
`;

export default function Templates() {
  const session = useSession();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: () => api.post<Template>("/templates", { name: `New template ${new Date().toLocaleString()}`, channel: "email", subject: "News for {{ contact.first_name | default: \"you\" }}", html_body: starter }),
    onSuccess: (template) => navigate(`/templates/${template.id}`),
    onError: sayProblem,
  });
  const button = mayWrite(session) && <Button onClick={() => create.mutate()} loading={create.isPending} leftSection={<Glyph name="plus" />}>New template</Button>;
  return (
    <Page title="Templates" actions={button}>
      <Panel flush>
        <ResourceTable<Template>
          path="/templates"
          label="Templates"
          empty={<Empty title="No templates yet" action={button}>Subject, HTML and text, written in Liquid; every change is a version.</Empty>}
          columns={[
            { title: "Name", cell: (template) => <Anchor component={Link} to={`/templates/${template.id}`} className="wrap">{template.name}</Anchor> },
            { title: "Subject", cell: (template) => <span className="wrap">{template.subject}</span> },
            { title: "Channel", cell: (template) => template.channel },
            { title: "Version", end: true, cell: (template) => template.version },
            { title: "Changed", cell: (template) => <When at={template.updated_at} /> },
          ]}
        />
      </Panel>
    </Page>
  );
}
