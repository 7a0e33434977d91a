// A template: source on one side, on the other what a chosen contact would get, as the server renders it.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useBlocker, useNavigate, useParams } from "react-router";

import { api, ApiError, type List, query } from "../api";
import { words } from "../format";
import { Button, Segmented, TextField } from "../kit/controls";
import { Glyph } from "../kit/glyph";
import { ask, Menu } from "../kit/layers";
import { Empty, Loading, Notice, Page, Problem, Section, Tabs, useTab, When } from "../kit/page";
import { type Item, useLater } from "../kit/picker";
import { say, sayProblem } from "../kit/toast";
import { AuditOf } from "../parts/audit_table";
import { EditableName } from "../parts/campaign_draft";
import { useKnownAttributes } from "../parts/condition_builder";
import { CodeEditor, type Mark } from "../parts/code_editor";
import { MailViews, type Rendered } from "../parts/mail_frame";
import { compileMjml } from "../parts/mjml";
import { Pictures } from "../parts/pictures";
import { contactItem, ContactPicker } from "../parts/pickers";
import { TestSend } from "../parts/test_send";
import { mayWrite, useSession } from "../session";
import { t, tn } from "../texts";
import type { Contact, Template } from "../types";

interface Content {
  subject: string;
  html_body: string;
  text_body: string | null;
  mjml_body: string | null;
}

interface Version extends Content {
  id: string;
  version: number;
  created_by: string | null;
  created_at: string;
}

interface Preview extends Rendered {
  text_is_derived: boolean;
  variables: string[];
  warnings: { code: string; message: string; part: string; line: number; column: number }[];
}

type DiffLine = { change: "same" | "added" | "removed"; old_line: number | null; new_line: number | null; text: string };
interface Diff {
  from: number;
  to: number;
  subject: DiffLine[];
  html_body: DiffLine[];
  text_body: DiffLine[];
  mjml_body?: DiffLine[];
}

const fields = ["email", "first_name", "last_name", "phone", "time_zone", "locale", "external_id", "id", "tags"].map((name) => `contact.${name}`);
const others = ["unsubscribe_url", "preferences_url", "view_url", "campaign.name", "campaign.id", "sender.from_name", "sender.from_email", "message.id"];

const contentOf = (template: Omit<Content, "mjml_body"> & { mjml_body?: string | null }): Content => ({ subject: template.subject, html_body: template.html_body, text_body: template.text_body, mjml_body: template.mjml_body ?? null });
const same = (a: Content, b: Content) => a.subject === b.subject && a.html_body === b.html_body && a.text_body === b.text_body && a.mjml_body === b.mjml_body;
// A server that does not keep MJML is not told of it.
const sent = ({ mjml_body, ...rest }: Content, before: Content) => (mjml_body === null && before.mjml_body === null ? rest : { ...rest, mjml_body });
type SetDraft = (next: (draft: Content) => Content) => void;

function Lines({ title, lines }: { title: string; lines: DiffLine[] }) {
  // Long stretches without change are left out.
  const near = lines.map((_, index) => lines.slice(Math.max(0, index - 3), index + 4).some((line) => line.change !== "same"));
  if (!near.some(Boolean)) return null;
  return (
    <div className="stack tight">
      <h3>{title}</h3>
      <div className="diff" tabIndex={0} role="region" aria-label={title}>
        {lines.map((line, index) => near[index] && <div key={index} className={line.change}><span className="n">{line.old_line}</span><span className="n">{line.new_line}</span><span aria-label={line.change === "added" ? t("added") : line.change === "removed" ? t("removed") : undefined}>{line.change === "added" ? "+" : line.change === "removed" ? "−" : ""}</span><span>{line.text}</span></div>)}
      </div>
    </div>
  );
}

function Versions({ template, restored }: { template: Template; restored: (template: Template) => void }) {
  const session = useSession();
  const client = useQueryClient();
  const [chosen, setChosen] = useState<number | null>(null);
  const versions = useQuery({ queryKey: ["versions", template.id, template.version], queryFn: () => api.get<List<Version>>(`/templates/${template.id}/versions${query({ limit: 100 })}`).then((list) => list.items) });
  const shown = chosen ?? versions.data?.[1]?.version ?? null;
  const diff = useQuery({ queryKey: ["diff", template.id, shown, template.version], enabled: shown !== null && shown !== template.version, queryFn: () => api.get<Diff>(`/templates/${template.id}/diff${query({ from: shown, to: template.version })}`) });
  const restore = useMutation({
    mutationFn: (number: number) => api.post<Template>(`/templates/${template.id}/versions/${number}/restore`),
    onSuccess: (saved, number) => {
      client.invalidateQueries({ queryKey: ["versions", template.id] });
      restored(saved);
      say(t("Version {n} is the newest again", { n: number }));
    },
    onError: sayProblem,
  });
  if (versions.isError) return <Problem error={versions.error} />;
  if (!versions.data) return <Loading />;
  if (versions.data.length < 2) return <Empty icon="clock" title={t("One version so far")}>{t("Each save makes a version. Here you compare them and take an old one back.")}</Empty>;
  return (
    <div className="split" style={{ gridTemplateColumns: "minmax(0, 240px) minmax(0, 1fr)" }}>
      <div className="card lines small" style={{ maxHeight: 600, overflowY: "auto" }}>
        {versions.data.map((version) => (
          <div key={version.id} style={shown === version.version ? { background: "var(--hover)" } : undefined}>
            <button type="button" className="link-button grow" aria-pressed={shown === version.version} onClick={() => setChosen(version.version)}>{t("Version {n}", { n: version.version })}</button>
            <span className="muted"><When at={version.created_at} /></span>
          </div>
        ))}
      </div>
      <div className="stack">
        {shown === template.version ? <Notice>{t("This is the newest version.")}</Notice> : diff.isError ? <Problem error={diff.error} /> : !diff.data ? <Loading /> : (
          <>
            <div className="row between wraps"><h2>{t("From version {from} to {to}", { from: diff.data.from, to: diff.data.to })}</h2>{mayWrite(session) && <Button small icon="undo" busy={restore.isPending} onClick={() => restore.mutate(diff.data.from)}>{t("Take version {n} back", { n: diff.data.from })}</Button>}</div>
            <Lines title={t("Subject")} lines={diff.data.subject} /><Lines title="MJML" lines={diff.data.mjml_body ?? []} /><Lines title={t("HTML")} lines={diff.data.html_body} /><Lines title={t("Plain text")} lines={diff.data.text_body} />
          </>
        )}
      </div>
    </div>
  );
}

const shownParts = ({ subject, html_body, text_body }: Content) => ({ subject, html_body, text_body });

// Keeps the HTML of a template in MJML made of what is typed; what the compiler found.
function useMade(kept: Template, draft: Content, setDraft: SetDraft): Mark[] {
  const source = useLater(draft.mjml_body, 250);
  const [found, setFound] = useState<Mark[]>([]);
  useEffect(() => {
    let wanted = true;
    if (source === null) setFound([]);
    else
      void compileMjml(source).then(
        ({ html, mistakes }) => {
          if (!wanted) return;
          setFound(mistakes);
          // What is kept may have been made by another compiler: looking at it changes nothing.
          const made = source === kept.mjml_body ? kept.html_body : html;
          if (made) setDraft((now) => (now.mjml_body === source && now.html_body !== made ? { ...now, html_body: made } : now));
        },
        sayProblem,
      );
    return () => {
      wanted = false;
    };
  }, [source]);
  return found;
}

function Editor({ template, draft, setDraft, write }: { template: Template; draft: Content; setDraft: SetDraft; write: boolean }) {
  const [chosen, setPart] = useState<"mjml" | "html" | "text">("mjml");
  const part = chosen === "mjml" && draft.mjml_body === null ? "html" : chosen;
  const put = (change: Partial<Content>) => setDraft((now) => ({ ...now, ...change }));
  const attributes = useKnownAttributes();
  const inserter = useRef<((text: string) => void) | null>(null);
  const [contact, setContact] = useState<Item[]>([]);
  const somebody = useQuery({ queryKey: ["contacts", "first"], staleTime: 60_000, queryFn: () => api.get<List<Contact>>(`/contacts${query({ limit: 1 })}`).then((list) => list.items[0] ?? null) });
  useEffect(() => {
    if (somebody.data && contact.length === 0) setContact([contactItem(somebody.data)]);
  }, [somebody.data]);
  const person = useQuery({ queryKey: ["contact", contact[0]?.value], enabled: Boolean(contact[0]), queryFn: () => api.get<Contact>(`/contacts/${contact[0]?.value}`) });
  const later = useLater(draft, 250);
  const preview = useQuery({
    queryKey: ["preview", template.id, shownParts(later), contact[0]?.value],
    placeholderData: keepPreviousData,
    enabled: !somebody.isPending,
    queryFn: () => api.post<Preview>(`/templates/${template.id}/preview`, { ...shownParts(later), ...(contact[0] && { contact_id: contact[0].value }) }),
  });
  const names = useMemo(() => [...fields, ...[...new Set([...Object.keys(person.data?.attributes ?? {}), ...attributes])].sort().map((key) => `contact.attributes.${key}`), ...others], [person.data, attributes]);
  const made = useMade(template, draft, setDraft);
  const problem = preview.error instanceof ApiError ? preview.error : null;
  // The last mail that could be rendered stays in sight while one types.
  const good = useRef<Preview | undefined>(undefined);
  if (preview.data && !problem) good.current = preview.data;
  const shown = preview.data ?? good.current;
  // "line 1, column 80: …" says where the mistake stands.
  const mistakes = (problem?.fields ?? []).map((one) => {
    const place = /line (\d+), column (\d+)/.exec(one.message);
    return { part: one.pointer, line: Number(place?.[1] ?? 0), column: Number(place?.[2] ?? 0), message: one.message };
  });
  if (problem && mistakes.length === 0) mistakes.push({ part: "", line: 0, column: 0, message: problem.message });
  const marksFor = (wanted: string): Mark[] => [
    ...(problem ? [] : (preview.data?.warnings ?? []).filter((one) => one.part.startsWith(wanted)).map((one) => ({ line: one.line, column: one.column, message: one.message }))),
    ...mistakes.filter((one) => one.part.includes(wanted)).map((one) => ({ ...one, bad: true })),
  ];
  const htmlMarks = useMemo(() => marksFor("html"), [preview.data, problem]);
  const textMarks = useMemo(() => marksFor("text"), [preview.data, problem]);
  const warnings = problem ? [] : (preview.data?.warnings ?? []);
  const used = preview.data?.variables ?? template.variables;
  return (
    <div className="workbench">
      <div className="stack">
        <TextField label={t("Subject")} maxLength={500} disabled={!write} value={draft.subject} change={(subject) => put({ subject })} error={mistakes.find((one) => one.part.includes("subject"))?.message} />
        <div className="row between wraps">
          <Segmented label={t("Part")} value={part} change={setPart} choices={[...(draft.mjml_body !== null ? [{ value: "mjml" as const, label: "MJML" }] : []), { value: "html", label: t("HTML") }, { value: "text", label: t("Plain text") }]} />
          <span className="row"><span className="faint tiny wide-hint"><kbd>{"{{"}</kbd> {t("completes variables")}</span>{write && part !== "text" && !(part === "html" && draft.mjml_body !== null) && <Pictures mjml={part === "mjml"} insert={(text) => inserter.current?.(text)} />}</span>
        </div>
        {part === "mjml" ? <CodeEditor key="mjml" language="mjml" label={t("MJML source")} value={draft.mjml_body ?? ""} change={(mjml_body) => put({ mjml_body })} names={names} marks={made} readOnly={!write} inserter={inserter} /> : part === "html" ? (
          <>
            {draft.mjml_body !== null && <Notice tone="blue" title={t("Made from the MJML")} actions={write && <Button small onClick={() => put({ mjml_body: null })}>{t("Go on in HTML")}</Button>}>{t("It follows the MJML until you go on in HTML.")}</Notice>}
            <CodeEditor key={draft.mjml_body === null ? "html" : "made"} language="html" label={t("HTML source")} value={draft.html_body} change={(html_body) => draft.mjml_body === null && put({ html_body })} names={names} marks={htmlMarks} readOnly={!write || draft.mjml_body !== null} inserter={inserter} />
          </>
        ) : draft.text_body === null ? (
          <Notice tone="blue" title={t("Made from the HTML")} actions={write && <Button small onClick={() => put({ text_body: preview.data?.text ?? "" })}>{t("Write my own")}</Button>}>{t("The plain text follows the HTML until you write your own.")}</Notice>
        ) : (
          <>
            <CodeEditor key="text" language="text" label={t("Plain text source")} value={draft.text_body} change={(text_body) => put({ text_body })} names={names} marks={textMarks} readOnly={!write} />
            {write && <div><Button small onClick={() => put({ text_body: null })}>{t("Make it from the HTML again")}</Button></div>}
          </>
        )}
        <Section title={t("Findings")} note={preview.isFetching ? t("looking…") : undefined}>
          <ul className="card lines small" data-testid="findings">
            {made.map((one) => <li key={one.message}><span className={one.bad ? "bad" : "warn"}><Glyph name={one.bad ? "cross" : "warning"} /></span><span className="grow wrap">{one.message}</span><span className="faint nowrap">MJML {one.line}</span></li>)}
            {mistakes.map((one) => <li key={one.part + one.message}><span className="bad"><Glyph name="cross" /></span><span className="grow wrap">{one.message}</span><span className="faint nowrap">{one.part.slice(1)}</span></li>)}
            {warnings.map((one, index) => <li key={index}><span className="warn"><Glyph name="warning" /></span><span className="grow wrap">{one.message}</span><span className="faint nowrap">{one.part}{one.line ? ` ${one.line}:${one.column}` : ""}</span></li>)}
            {!problem && !preview.data && <li><span className="skeleton grow" /></li>}
            {!problem && preview.data && warnings.length + made.length === 0 && <li><span className="good"><Glyph name="check" /></span><span className="muted">{t("Nothing to mend.")}</span></li>}
          </ul>
        </Section>
        <Section title={t("Variables")} note={tn("{n} in use", "{n} in use", used.length)}><div className="row wraps tight">{used.length ? used.map((name) => <code key={name}>{name}</code>) : <span className="muted small">{t("None. Everybody gets the same.")}</span>}</div></Section>
      </div>
      <div className="stack" style={{ position: "sticky", top: 12 }}>
        <div className="row end-align" style={{ alignItems: "flex-end" }}><div className="grow"><ContactPicker label={t("Seen by")} chosen={contact} change={setContact} placeholder={t("A made-up contact")} /></div><TestSend templateId={template.id} contact={contact[0]} content={shownParts(draft)} /></div>
        {shown ? <div style={{ opacity: problem ? 0.45 : 1 }}><MailViews mail={shown} height={560} /></div> : problem ? <Problem error={problem} /> : <Loading lines={8} />}
      </div>
    </div>
  );
}

export default function TemplatePage() {
  const { id = "" } = useParams();
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const template = useQuery({ queryKey: ["template", id], queryFn: () => api.get<Template & { archived_at: string | null }>(`/templates/${id}`), refetchOnWindowFocus: false });
  const [draft, setDraft] = useState<Content | null>(null);
  const tabs = [{ value: "edit", label: t("Edit") }, { value: "versions", label: t("Versions"), n: template.data?.version }, { value: "history", label: t("History") }];
  const [tab, setTab] = useTab(tabs);
  const write = mayWrite(session) && !template.data?.archived_at;
  const now = draft ?? (template.data ? contentOf(template.data) : null);
  const changed = Boolean(draft && template.data && !same(draft, contentOf(template.data)));
  const taken = (saved: Template) => {
    client.setQueryData(["template", id], saved);
    client.invalidateQueries({ queryKey: ["list", "/templates"] });
    setDraft(null);
  };
  const save = useMutation({
    mutationFn: async (wanted: Partial<Template>) => {
      // What is saved is made of what was typed last, not of what was compiled last.
      const made = wanted.mjml_body && wanted.mjml_body !== template.data?.mjml_body ? await compileMjml(wanted.mjml_body) : null;
      if (made && !made.html) throw new Error(made.mistakes[0]?.message);
      return api.patch<Template>(`/templates/${id}`, { ...wanted, ...(made && { html_body: made.html }) });
    },
    onSuccess: (saved) => {
      const before = template.data;
      taken(saved);
      if (before && saved.version !== before.version) say(t("Saved as version {n}", { n: saved.version }));
    },
    onError: sayProblem,
  });
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
        event.preventDefault();
        if (draft && changed && write && template.data) save.mutate(sent(draft, contentOf(template.data)));
      }
    };
    const leaving = (event: BeforeUnloadEvent) => changed && event.preventDefault();
    window.addEventListener("keydown", keys);
    window.addEventListener("beforeunload", leaving);
    return () => {
      window.removeEventListener("keydown", keys);
      window.removeEventListener("beforeunload", leaving);
    };
  });
  const blocker = useBlocker(({ currentLocation, nextLocation }) => changed && currentLocation.pathname !== nextLocation.pathname);
  useEffect(() => {
    if (blocker.state !== "blocked") return;
    void ask({ title: t("Leave without saving?"), text: t("Your changes to this template are lost."), yes: t("Leave"), no: t("Stay"), danger: true }).then((yes) => (yes ? blocker.proceed?.() : blocker.reset?.()));
  }, [blocker.state]);
  const page = (title: string, body: React.ReactNode) => <Page title={title} crumb={{ to: "/templates", label: t("Templates") }}>{body}</Page>;
  if (template.isError && !template.data) return page(t("Template"), <Problem error={template.error} again={() => template.refetch()} />);
  if (!template.data || !now) return page(t("Template"), <Loading lines={8} />);
  const item = template.data;
  const copy = async () => {
    try {
      const made = await api.post<Template>("/templates", { name: t("{name} (copy)", { name: item.name }).slice(0, 255), channel: item.channel, ...sent(contentOf(item), { ...contentOf(item), mjml_body: null }) });
      say(t("Copied"));
      navigate(`/templates/${made.id}`);
    } catch (error) {
      sayProblem(error);
    }
  };
  const archive = async () => {
    try {
      await api.remove(`/templates/${id}`);
      client.invalidateQueries({ queryKey: ["list", "/templates"] });
      navigate("/templates");
      say(t("“{name}” is archived", { name: item.name }), { label: t("Undo"), run: () => void api.post(`/templates/${id}/restore`).then(() => { client.invalidateQueries(); navigate(`/templates/${id}`); }, sayProblem) });
    } catch (error) {
      sayProblem(error);
    }
  };
  const unarchive = () => void api.post<Template>(`/templates/${id}/restore`).then(taken, sayProblem);
  return (
    <Page full title={item.name} crumb={{ to: "/templates", label: t("Templates") }} heading={<EditableName name={item.name} may={write} save={(name) => save.mutate({ name })} />}
      note={<span className="row tight wraps"><span>{words(item.channel)} · {t("version {n}", { n: item.version })} · <When at={item.updated_at} /></span>{changed && <span className="warn">· {t("not saved")}</span>}</span>}
      actions={<>
        {changed && <Button look="ghost" onClick={() => setDraft(null)}>{t("Discard")}</Button>}
        {write && <Button look="primary" disabled={!changed} busy={save.isPending} onClick={() => draft && save.mutate(sent(draft, contentOf(item)))}>{t("Save")}</Button>}
        {mayWrite(session) && <Menu label={t("More")} items={[{ label: t("Copy as a new template"), icon: "copy", run: copy }, item.archived_at ? { label: t("Take back from the archive"), icon: "undo", run: unarchive } : { label: t("Archive"), icon: "trash", run: archive }]} />}
      </>}>
      <div className="stack">
        {item.archived_at && <Notice tone="yellow" actions={mayWrite(session) && <Button small icon="undo" onClick={unarchive}>{t("Take it back")}</Button>}>{t("This template is archived.")}</Notice>}
        <Tabs label={t("Parts")} tabs={tabs} value={tab} change={setTab} />
        {tab === "edit" && <Editor key={item.id} template={item} draft={now} setDraft={(next) => setDraft((before) => next(before ?? contentOf(item)))} write={write} />}
        {tab === "versions" && <Versions template={item} restored={taken} />}
        {tab === "history" && <AuditOf type="template" id={id} />}
      </div>
    </Page>
  );
}

