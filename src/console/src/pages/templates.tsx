import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";

import { api, ApiError } from "../api";
import { words } from "../format";
import { Button, Check, Select, TextField } from "../kit/controls";
import { Dialog } from "../kit/layers";
import { Empty, Page, Problem, useFilter, When } from "../kit/page";
import { useLater } from "../kit/picker";
import { ListTable } from "../kit/table";
import { compileMjml, mjmlStart } from "../parts/mjml";
import { useRoutes } from "../parts/routes";
import { mayWrite, useSession } from "../session";
import { t } from "../texts";
import type { Template } from "../types";

// What a new template starts with: readable without images, on phones and in dark mode.
const start = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
  </head>
  <body style="margin:0; background:#f4f5f7; font-family:Helvetica,Arial,sans-serif; color:#1d2129;">
    <table role="presentation" width="100%" cellpadding="0" cellspacing="0">
      <tr>
        <td align="center" style="padding:32px 16px;">
          <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px; background:#ffffff; border-radius:12px;">
            <tr>
              <td style="padding:32px;">
                <h1 style="margin:0 0 16px; font-size:24px; line-height:32px;">Hello {{ contact.first_name | default: "there" }}</h1>
                <p style="margin:0 0 16px; font-size:16px; line-height:24px;">Say one thing, and say it first.</p>
                <p style="margin:24px 0;"><a href="https://example.com/" style="background:#3553d1; color:#ffffff; padding:12px 20px; border-radius:8px; text-decoration:none; display:inline-block;">Read more</a></p>
              </td>
            </tr>
          </table>
          <p style="font-size:12px; line-height:18px; color:#5b6470; margin:16px 0 0;">
            You get this because you agreed to it. <a href="{{ preferences_url }}" style="color:#5b6470;">Preferences</a> · <a href="{{ unsubscribe_url }}" style="color:#5b6470;">Unsubscribe</a>
          </p>
        </td>
      </tr>
    </table>
  </body>
</html>
`;

function NewTemplate({ open, close }: { open: boolean; close: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [subject, setSubject] = useState("");
  const [kind, setKind] = useState<"html" | "mjml">("html");
  const keepsMjml = useRoutes().accepts("TemplateInput", "mjml_body");
  const create = useMutation({ mutationFn: async () => api.post<Template>("/templates", { name: name.trim(), channel: "email", subject, ...(kind === "mjml" ? { mjml_body: mjmlStart, html_body: (await compileMjml(mjmlStart)).html } : { html_body: start }) }), onSuccess: (template) => navigate(`/templates/${template.id}`) });
  const problem = create.error instanceof ApiError ? create.error : null;
  return (
    <Dialog open={open} close={close} title={t("New template")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" type="submit" form="new-template" busy={create.isPending}>{t("Create")}</Button></>}>
      <form id="new-template" className="stack" onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        {create.isError && !problem?.fields.length && <Problem error={create.error} />}
        <TextField label={t("Name")} hint={t("Only your team sees it.")} required autoFocus maxLength={255} value={name} change={setName} error={problem?.field("name")} />
        <TextField label={t("Subject")} optional maxLength={500} value={subject} change={setSubject} error={problem?.field("subject")} placeholder={'News for {{ contact.first_name | default: "you" }}'} />
        {keepsMjml && (
          <div className="form-row" role="radiogroup" aria-label={t("Written in")}>
            <div className="choice"><Check kind="radio" name="kind" checked={kind === "html"} change={() => setKind("html")} label={<span className="strong">HTML</span>} hint={t("Every tag as you write it.")} /></div>
            <div className="choice"><Check kind="radio" name="kind" checked={kind === "mjml"} change={() => setKind("mjml")} label={<span className="strong">MJML</span>} hint={t("Short tags that become mail for every client.")} /></div>
          </div>
        )}
      </form>
    </Dialog>
  );
}

export default function Templates() {
  const session = useSession();
  const [isNew, setNew] = useFilter("new");
  const [search, setSearch] = useFilter("search");
  const [archived, setArchived] = useFilter("archived");
  const later = useLater(search);
  const create = mayWrite(session) && <Button look="primary" icon="plus" onClick={() => setNew("1")}>{t("New template")}</Button>;
  return (
    <Page title={t("Templates")} actions={create}>
      <div className="toolbar">
        <div className="search"><TextField hideLabel label={t("Search templates")} icon="search" type="search" placeholder={t("Search by name…")} value={search} change={(text) => setSearch(text || null)} /></div>
        <Select auto aria-label={t("Which")} value={archived} change={(value) => setArchived(value || null)} placeholder={t("In use")} choices={[{ value: "true", label: t("Archived") }]} />
      </div>
      <ListTable<Template> path="/templates" filters={{ search: later || null, archived: archived || null }} label={t("Templates")}
        empty={search || archived ? <Empty icon="page" title={t("No template fits")} /> : <Empty icon="page" title={t("No templates yet")} action={create}>{t("A template is the mail itself: subject, HTML and plain text, with the reader's own data in it.")}</Empty>}
        columns={[
          { key: "name", title: t("Name"), cell: (template) => <Link className="main cut" to={`/templates/${template.id}`}>{template.name}</Link> },
          { key: "subject", title: t("Subject"), hide: "wide-only", cell: (template) => <span className="muted cut" title={template.subject}>{template.subject || t("No subject")}</span> },
          { key: "channel", title: t("Channel"), fit: true, hide: "very-wide-only", cell: (template) => words(template.channel) },
          { key: "version", title: t("Version"), right: true, fit: true, cell: (template) => template.version },
          { key: "changed", title: t("Changed"), fit: true, cell: (template) => <When at={template.updated_at} /> },
        ]} />
      <NewTemplate open={isNew === "1"} close={() => setNew(null)} />
    </Page>
  );
}
