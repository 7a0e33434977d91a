// How often one person is written to, how often a message is tried, and how much may leave in a minute, an hour or a day.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, ApiError, type List } from "../api";
import { count } from "../format";
import { Button, Check, Select, TextField } from "../kit/controls";
import { Loading, Notice, Problem, Section } from "../kit/page";
import { say } from "../kit/toast";
import { mayAdminister, useSession } from "../session";
import { t } from "../texts";
import type { Provider } from "../types";

interface Rules {
  max_attempts: number;
  frequency_messages: number | null;
  frequency_days: number | null;
}

interface Budget {
  name: string;
  span: string;
  limit: number;
  available: number;
}

function Frequency({ kept }: { kept: Rules }) {
  const session = useSession();
  const client = useQueryClient();
  const may = mayAdminister(session);
  const [capped, setCapped] = useState(kept.frequency_messages !== null);
  const [messages, setMessages] = useState(String(kept.frequency_messages ?? 3));
  const [days, setDays] = useState(String(kept.frequency_days ?? 7));
  const [attempts, setAttempts] = useState(String(kept.max_attempts));
  const wanted: Rules = { max_attempts: Number(attempts), frequency_messages: capped ? Number(messages) : null, frequency_days: capped ? Number(days) : null };
  const save = useMutation({
    mutationFn: () => api.put<Rules>("/sending-settings", wanted),
    onSuccess: (saved) => {
      client.setQueryData(["sending-settings"], saved);
      client.invalidateQueries({ queryKey: ["forecast"] });
      say(t("Saved. It holds from the next message on."));
    },
  });
  const problem = save.error instanceof ApiError ? save.error : null;
  const changed = JSON.stringify(wanted) !== JSON.stringify({ max_attempts: kept.max_attempts, frequency_messages: kept.frequency_messages, frequency_days: kept.frequency_days });
  return (
    <form className="card pad form" style={{ maxWidth: "none" }} onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      {problem && !problem.fields.length && <Problem error={problem} />}
      <Check disabled={!may} checked={capped} change={setCapped} label={t("Nobody gets more marketing than")} hint={t("Whoever had that much is left out of the next campaign, and its report says so.")} />
      {capped && <div className="form-row" style={{ maxWidth: 420 }}><TextField label={t("Messages")} type="number" min={1} max={1000} required disabled={!may} value={messages} change={setMessages} error={problem?.field("frequency_messages")} /><TextField label={t("In so many days")} type="number" min={1} max={365} required disabled={!may} value={days} change={setDays} error={problem?.field("frequency_days")} /></div>}
      <div style={{ maxWidth: 420 }}><TextField label={t("A message is tried at most … times")} hint={t("When a provider refuses for a passing reason, with longer and longer pauses between.")} type="number" min={1} max={20} required disabled={!may} value={attempts} change={setAttempts} error={problem?.field("max_attempts")} /></div>
      {may && <div><Button look="primary" type="submit" disabled={!changed} busy={save.isPending}>{t("Save")}</Button></div>}
    </form>
  );
}

const spans: [string, string][] = [["minute", t("a minute")], ["hour", t("an hour")], ["day", t("a day")]];

function Budgets({ kept, providers }: { kept: Budget[]; providers: Provider[] }) {
  const session = useSession();
  const client = useQueryClient();
  const may = mayAdminister(session);
  const [rows, setRows] = useState(kept.map((one) => ({ name: one.name, span: one.span, limit: String(one.limit) })));
  const names: [string, string][] = [["tenant", t("Everything together")], ["channel:email", t("E-mail")], ["channel:sms", "SMS"], ["channel:push", t("Push")], ...providers.map((one): [string, string] => [`provider:${one.id}`, t("through {name}", { name: one.name })])];
  const items = rows.map((row) => ({ name: row.name, span: row.span, limit: Number(row.limit) }));
  const save = useMutation({
    mutationFn: () => api.put<List<Budget>>("/rate-limits", { items }),
    onSuccess: (saved) => {
      client.setQueryData(["rate-limits"], saved.items);
      setRows(saved.items.map((one) => ({ name: one.name, span: one.span, limit: String(one.limit) })));
      say(t("Saved. It holds from the next message on."));
    },
  });
  const problem = save.error instanceof ApiError ? save.error : null;
  const changed = JSON.stringify(items) !== JSON.stringify(kept.map(({ name, span, limit }) => ({ name, span, limit })));
  const put = (at: number, change: Partial<(typeof rows)[number]>) => setRows(rows.map((row, index) => (index === at ? { ...row, ...change } : row)));
  const left = (row: { name: string; span: string }) => kept.find((one) => one.name === row.name && one.span === row.span);
  return (
    <form className="card pad stack" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      {problem && <Problem error={problem} />}
      {rows.length === 0 && <span className="muted small">{t("No limit: as fast as the providers take it.")}</span>}
      {rows.map((row, index) => (
        <div key={index} className="row wraps">
          <Select auto disabled={!may} aria-label={t("What is limited")} value={row.name} change={(name) => put(index, { name })} choices={names.map(([value, label]) => ({ value, label }))} />
          <span className="muted small">{t("at most")}</span>
          <input className="input auto" style={{ width: 120 }} type="number" min={1} required disabled={!may} aria-label={t("Messages")} value={row.limit} onChange={(event) => put(index, { limit: event.currentTarget.value })} />
          <Select auto disabled={!may} aria-label={t("In which time")} value={row.span} change={(span) => put(index, { span })} choices={spans.map(([value, label]) => ({ value, label }))} />
          {left(row) && <span className="faint tiny number">{t("{n} may leave now", { n: count(left(row)?.available) })}</span>}
          {may && <Button look="ghost" small icon="cross" label={t("Lift this limit")} onClick={() => setRows(rows.filter((_, at) => at !== index))} />}
        </div>
      ))}
      {may && <div className="row"><Button small icon="plus" onClick={() => setRows([...rows, { name: names.find(([name]) => !rows.some((row) => row.name === name && row.span === "hour"))?.[0] ?? "tenant", span: "hour", limit: "10000" }])}>{t("Add a limit")}</Button><Button small look="primary" type="submit" disabled={!changed} busy={save.isPending}>{t("Save")}</Button></div>}
    </form>
  );
}

export function SendingRules({ providers }: { providers: Provider[] }) {
  const session = useSession();
  const rules = useQuery({ queryKey: ["sending-settings"], queryFn: () => api.get<Rules>("/sending-settings") });
  const budgets = useQuery({ queryKey: ["rate-limits"], queryFn: () => api.get<List<Budget>>("/rate-limits").then((list) => list.items) });
  const failed = rules.error ?? budgets.error;
  if (failed) return <Problem error={failed} again={() => { void rules.refetch(); void budgets.refetch(); }} />;
  if (!rules.data || !budgets.data) return <Loading lines={6} />;
  return (
    <div className="stack loose">
      {!mayAdminister(session) && <Notice>{t("Admins can change these.")}</Notice>}
      <Section title={t("How often")}><Frequency kept={rules.data} /></Section>
      <Section title={t("How fast")} note={t("what does not fit waits for its turn")}><Budgets kept={budgets.data} providers={providers} /></Section>
    </div>
  );
}
