import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { api, ApiError, send } from "../api";
import { count, words } from "../format";
import { Button, Select, SelectField, TextField } from "../kit/controls";
import { ask, Dialog } from "../kit/layers";
import { Empty, Page, Problem, useFilter, When } from "../kit/page";
import { useLater } from "../kit/picker";
import { ListTable } from "../kit/table";
import { say, sayProblem } from "../kit/toast";
import { useRoutes } from "../parts/routes";
import { mayAdminister, mayWrite, useSession } from "../session";
import { t } from "../texts";

interface Brought {
  added: number;
  known: number;
  rejected: number;
}

interface Suppression {
  id: string;
  email_address: string | null;
  reason: string;
  source: string | null;
  created_at: string;
}

function Suppress({ open, close }: { open: boolean; close: () => void }) {
  const client = useQueryClient();
  const [address, setAddress] = useState("");
  const [reason, setReason] = useState("manual");
  const save = useMutation({
    mutationFn: () => api.post<Suppression>("/suppressions", { email_address: address.trim(), reason, source: "console" }),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["list", "/suppressions"] });
      setAddress("");
      close();
      say(t("Nothing more is sent to {address}", { address: address.trim() }));
    },
  });
  const problem = save.error instanceof ApiError ? save.error : null;
  return (
    <Dialog open={open} close={close} title={t("Suppress an address")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" type="submit" form="suppress" busy={save.isPending}>{t("Suppress")}</Button></>}>
      <form id="suppress" className="stack" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        {save.isError && !problem?.fields.length && <Problem error={save.error} />}
        <TextField label={t("E-mail address")} type="email" required autoFocus value={address} change={setAddress} error={problem?.field("email_address")} />
        <SelectField label={t("Reason")} value={reason} change={setReason} choices={[{ value: "manual", label: t("Asked by other means") }, { value: "unsubscribe", label: t("Unsubscribed elsewhere") }, { value: "bounce", label: t("Address does not exist") }, { value: "complaint", label: t("Complained") }]} error={problem?.field("reason")} />
        <p className="muted small">{t("It is never written to again, whatever is imported later.")}</p>
      </form>
    </Dialog>
  );
}

export default function Suppressions() {
  const session = useSession();
  const client = useQueryClient();
  const routes = useRoutes();
  const [isNew, setNew] = useFilter("new");
  const [address, setAddress] = useFilter("email_address");
  const [reason, setReason] = useFilter("reason");
  const later = useLater(address.trim(), 300);
  const finer = !routes.known || routes.takes("/suppressions", "search");
  const chooser = useRef<HTMLInputElement>(null);
  const bring = useMutation({
    mutationFn: async (file: File) => (await (await send("POST", "/suppressions/import", file, { "Content-Type": "text/csv" })).json()) as Brought,
    onSuccess: (brought) => {
      client.invalidateQueries({ queryKey: ["list", "/suppressions"] });
      say(t("{added} suppressed, {known} were already, {rejected} are no addresses", { added: count(brought.added), known: count(brought.known), rejected: count(brought.rejected) }), undefined, 8);
    },
    onError: sayProblem,
  });
  const allow = async (item: Suppression) => {
    const name = item.email_address ?? t("this address");
    if (!(await ask({ title: t("Allow this address again?"), text: t("Mail to {address} can be sent again where there is consent. Only do this when the person asked for it.", { address: name }), yes: t("Allow again"), danger: true }))) return;
    api.remove(`/suppressions/${item.id}`).then(() => {
      client.invalidateQueries({ queryKey: ["list", "/suppressions"] });
      say(t("{address} is allowed again", { address: name }), item.email_address ? { label: t("Undo"), run: () => void api.post("/suppressions", { email_address: item.email_address, reason: item.reason, source: "console" }).then(() => client.invalidateQueries({ queryKey: ["list", "/suppressions"] }), sayProblem) } : undefined);
    }, sayProblem);
  };
  const create = mayWrite(session) && <Button look="primary" icon="plus" onClick={() => setNew("1")}>{t("Suppress an address")}</Button>;
  return (
    <Page title={t("Suppressions")} note={t("Addresses that are never written to, whoever asks.")}
      actions={<>{mayWrite(session) && routes.has("POST", "/suppressions/import") && <><input ref={chooser} type="file" accept=".csv,.txt,text/csv,text/plain" className="hidden-text" tabIndex={-1} aria-label={t("File of addresses")} onChange={(event) => { const file = event.currentTarget.files?.[0]; if (file) bring.mutate(file); event.currentTarget.value = ""; }} /><Button icon="upload" busy={bring.isPending} onClick={() => chooser.current?.click()}>{t("Import a list")}</Button></>}{create}</>}>
      <div className="toolbar"><div className="search"><TextField hideLabel label={t("Find an address")} icon="search" type="search" placeholder={finer ? t("Address begins with…") : t("Exactly this address…")} value={address} change={(text) => setAddress(text || null)} /></div>{finer && <Select auto aria-label={t("Reason")} value={reason} change={(value) => setReason(value || null)} placeholder={t("Any reason")} choices={["unsubscribe", "bounce", "complaint", "manual"].map((value) => ({ value, label: words(value) }))} />}</div>
      <ListTable<Suppression> stacks path="/suppressions" filters={finer ? { search: later || null, reason: reason || null } : { email_address: later.includes("@") ? later : null }} label={t("Suppressions")}
        empty={later || reason ? <Empty icon="check" title={t("This address is not suppressed")} /> : <Empty icon="stop" title={t("Nobody is suppressed")} action={create}>{t("Unsubscribes, hard bounces and complaints arrive here by themselves.")}</Empty>}
        columns={[
          { key: "address", title: t("Address"), cell: (item) => <span className="cut strong">{item.email_address ?? <span className="faint">{t("erased")}</span>}</span> },
          { key: "reason", title: t("Reason"), fit: true, cell: (item) => <span className="tag">{words(item.reason)}</span> },
          { key: "source", title: t("From"), hide: "wide-only", cell: (item) => <span className="muted cut">{item.source ? words(item.source) : "–"}</span> },
          { key: "when", title: t("Since"), fit: true, cell: (item) => <When at={item.created_at} /> },
          ...(mayAdminister(session) ? [{ key: "allow", title: "", fit: true, cell: (item: Suppression) => <Button small look="ghost" onClick={() => allow(item)}>{t("Allow…")}</Button> }] : []),
        ]} />
      <Suppress open={isNew === "1"} close={() => setNew(null)} />
    </Page>
  );
}
