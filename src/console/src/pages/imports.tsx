// Bringing people in: drop a file, say what its columns are, and see every row's verdict before anything is written.
import { useMutation } from "@tanstack/react-query";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";

import { ApiError, query, send } from "../api";
import { bytes, count } from "../format";
import { Button, Check, Select, SelectField, TagsField, TextField } from "../kit/controls";
import { Glyph } from "../kit/glyph";
import { Dialog } from "../kit/layers";
import { Empty, Notice, Page, Problem, Status, useFilter, When } from "../kit/page";
import { ListTable } from "../kit/table";
import { type Beginning, beginning, fieldsOfContact, guess } from "../parts/csv";
import { useSegments } from "../parts/pickers";
import { mayWrite, useSession } from "../session";
import { t } from "../texts";

export interface Import {
  id: string;
  status: string;
  phase?: string | null;
  progress?: number;
  filename?: string | null;
  encoding?: string | null;
  delimiter?: string | null;
  error?: string | null;
  bytes_read?: number;
  rows_total: number;
  rows_created: number;
  rows_updated: number;
  rows_unchanged: number;
  rows_rejected: number;
  rows_suppressed?: number;
  consents_granted?: number;
  consents_kept?: number;
  contacts_deleted?: number;
  contacts_restored?: number;
  contacts_kept?: number;
  columns?: { number: number; name: string; field: string | null; origin: string; samples: string[] }[];
  consents?: string[];
  consent_source?: string | null;
  tags?: string[];
  segment_id?: string | null;
  created_at: string;
  updated_at: string;
  completed_at?: string | null;
}

function NewImport({ open, close }: { open: boolean; close: () => void }) {
  const navigate = useNavigate();
  const segments = useSegments();
  const chooser = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [start, setStart] = useState<Beginning | null>(null);
  const [fields, setFields] = useState<string[]>([]);
  const [over, setOver] = useState(false);
  const [consented, setConsented] = useState(false);
  const [source, setSource] = useState("");
  const [tags, setTags] = useState<string[]>([]);
  const [segment, setSegment] = useState("");
  useEffect(() => {
    if (!open) {
      setFile(null);
      setStart(null);
    }
  }, [open]);
  const take = async (chosen: File | undefined) => {
    if (!chosen) return;
    const read = await beginning(chosen);
    setFile(chosen);
    setStart(read);
    setFields(read.columns.map(guess));
  };
  const upload = useMutation({
    mutationFn: async () => {
      const mapping = Object.fromEntries((start?.columns ?? []).map((column, at) => [column, fields[at] || null]));
      const parameters = query({ filename: file?.name, mapping: JSON.stringify(mapping), ...(consented && { consent: "email.marketing", consent_source: source }), tags: tags.join("|") || null, segment_id: segment || null });
      const response = await send("POST", `/imports${parameters}`, file as File, { "Content-Type": "text/csv" });
      return (await response.json()) as Import;
    },
    onSuccess: (made) => navigate(`/imports/${made.id}`),
  });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };
  const problem = upload.error instanceof ApiError ? upload.error : null;
  const reach = fields.includes("email") || fields.includes("phone") || fields.includes("external_id");
  const twice = fields.find((field, at) => field && fields.indexOf(field) !== at);
  const choices = [{ value: "", label: t("Leave out") }, ...fieldsOfContact.map((one) => ({ value: one, label: one }))];
  return (
    <Dialog open={open} close={close} kind="wide" title={t("Import contacts")}
      foot={<><Button onClick={close}>{t("Cancel")}</Button>{file && <Button look="primary" type="submit" form="import" busy={upload.isPending} disabled={!reach || Boolean(twice)}>{t("Upload and check")}</Button>}</>}>
      <form id="import" className="stack" onSubmit={(event) => { event.preventDefault(); upload.mutate(); }}>
        {problem && <Problem error={problem} />}
        <input ref={chooser} type="file" accept=".csv,.tsv,.txt,text/csv" className="hidden-text" tabIndex={-1} aria-label={t("CSV file")} onChange={(event) => void take(event.currentTarget.files?.[0])} />
        {!file || !start ? (
          <div className={over ? "drop over" : "drop"} onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={drop}>
            <Glyph name="upload" size={24} />
            <div className="strong">{t("Drop a CSV file here")}</div>
            <div className="muted small">{t("The first line names the columns. Nothing is written before you have seen what would happen.")}</div>
            <Button onClick={() => chooser.current?.click()}>{t("Choose a file")}</Button>
          </div>
        ) : (
          <>
            <div className="row"><Glyph name="page" /><span className="strong cut">{file.name}</span><span className="muted small nowrap">{bytes(file.size)}</span><span className="push"><Button small onClick={() => chooser.current?.click()}>{t("Another file")}</Button></span></div>
            <div className="table-wrap" style={{ maxHeight: 320, overflow: "auto" }} tabIndex={0} role="region" aria-label={t("Columns")}>
              <table className="table compact">
                <thead><tr><th>{t("Column")}</th><th>{t("For example")}</th><th>{t("Becomes")}</th></tr></thead>
                <tbody>
                  {start.columns.map((column, at) => {
                    const field = fields[at] ?? "";
                    const own = field.startsWith("attributes.") ? [{ value: field, label: field }] : [];
                    const attribute = `attributes.${column.toLowerCase().replace(/^attributes\./, "").replace(/[^\p{L}\p{N}]+/gu, "_")}`;
                    return (
                      <tr key={column + at}>
                        <td><span className="cut strong" style={{ maxWidth: 190 }}>{column || <span className="faint">{t("without name")}</span>}</span></td>
                        <td><span className="cut muted" style={{ maxWidth: 240 }}>{start.rows.map((row) => row[at]).filter(Boolean).slice(0, 3).join(", ")}</span></td>
                        <td style={{ width: 220 }}><Select small aria-label={t("{column} becomes", { column: column || String(at + 1) })} value={field} change={(value) => setFields(fields.map((old, index) => (index === at ? value : old)))} choices={[...choices, ...(own.length ? own : [{ value: attribute, label: attribute }])]} /></td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
            {!reach && <Notice tone="yellow">{t("One column must be the e-mail address, the phone number or your own id.")}</Notice>}
            {twice && <Notice tone="yellow">{t("Two columns become {field}. Leave one out.", { field: twice })}</Notice>}
            <Check checked={consented} change={setConsented} label={t("Everybody in this file agreed to marketing mail")} hint={t("Recorded for each of them. Nobody who said no is asked again or overwritten.")} />
            {consented && <TextField label={t("Where did they agree?")} required maxLength={100} value={source} change={setSource} placeholder={t("signup form, trade fair…")} />}
            <div className="form-row"><TagsField label={t("Tag them all")} optional value={tags} change={setTags} /><SelectField label={t("Put them in a segment")} optional value={segment} change={setSegment} placeholder={t("None")} choices={(segments.data ?? []).filter((one) => !one.is_dynamic).map((one) => ({ value: one.id, label: one.name }))} /></div>
          </>
        )}
      </form>
    </Dialog>
  );
}

export default function Imports() {
  const session = useSession();
  const [isNew, setNew] = useFilter("new");
  const create = mayWrite(session) && <Button look="primary" icon="upload" onClick={() => setNew("1")}>{t("Import a file")}</Button>;
  return (
    <Page title={t("Imports")} actions={create}>
      <ListTable<Import> path="/imports" label={t("Imports")} refresh={5_000}
        empty={<Empty icon="upload" title={t("No imports yet")} action={create}>{t("Every row gets a verdict before anything is written, and every import can be undone.")}</Empty>}
        columns={[
          { key: "file", title: t("File"), cell: (item) => <Link className="main cut" to={`/imports/${item.id}`}>{item.filename || item.id}</Link> },
          { key: "status", title: t("Status"), fit: true, cell: (item) => <Status value={item.status} /> },
          { key: "total", title: t("Rows"), right: true, cell: (item) => count(item.rows_total) },
          { key: "new", title: t("New"), right: true, hide: "wide-only", cell: (item) => count(item.rows_created) },
          { key: "changed", title: t("Changed"), right: true, hide: "wide-only", cell: (item) => count(item.rows_updated) },
          { key: "rejected", title: t("Rejected"), right: true, cell: (item) => (item.rows_rejected ? <span className="bad">{count(item.rows_rejected)}</span> : "0") },
          { key: "when", title: t("When"), fit: true, hide: "wide-only", cell: (item) => <When at={item.created_at} /> },
        ]} />
      <NewImport open={isNew === "1"} close={() => setNew(null)} />
    </Page>
  );
}
