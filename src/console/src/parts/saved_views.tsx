// Filters, order and columns of a list under a name, for everybody of the workspace. A view is the query of an address.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";

import { api, ApiError, type List, query } from "../api";
import { Button, TextField } from "../kit/controls";
import { Dialog, Menu } from "../kit/layers";
import { Problem } from "../kit/page";
import { say, sayProblem } from "../kit/toast";
import { mayWrite, useSession } from "../session";
import { t } from "../texts";

interface View {
  id: string;
  list: string;
  name: string;
  query: string;
}

export function SavedViews({ list }: { list: string }) {
  const session = useSession();
  const client = useQueryClient();
  const [parameters, setParameters] = useSearchParams();
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const kept = useQuery({ queryKey: ["views", list], staleTime: 60_000, queryFn: () => api.get<List<View>>(`/views${query({ list, limit: 200 })}`).then((answer) => answer.items) });
  const views = [...(kept.data ?? [])].sort((a, b) => a.name.localeCompare(b.name));
  const current = parameters.toString();
  const chosen = views.find((view) => view.query === current);
  const refresh = () => client.invalidateQueries({ queryKey: ["views", list] });
  const keep = useMutation({
    mutationFn: (view: Omit<View, "id">) => api.post<View>("/views", view),
    onSuccess: () => {
      setNaming(false);
      say(t("View kept for everybody here"));
      return refresh();
    },
  });
  // A view of that name is what was meant before; it gets the filters of now.
  const replace = useMutation({
    mutationFn: (view: View) => api.patch<View>(`/views/${view.id}`, { query: current }),
    onSuccess: () => {
      setNaming(false);
      say(t("View changed"));
      return refresh();
    },
  });
  const forget = (view: View) => api.remove(`/views/${view.id}`).then(() => {
    say(t("“{name}” is forgotten", { name: view.name }), { label: t("Undo"), run: () => void api.post("/views", { list, name: view.name, query: view.query }).then(refresh, sayProblem) });
    return refresh();
  }, sayProblem);
  const same = views.find((view) => view.name === name.trim());
  const error = keep.error ?? replace.error;
  const write = mayWrite(session);
  return (
    <>
      <Menu label={t("Views")} end={false} trigger={(open) => <Button icon="eye" aria-haspopup="menu" aria-expanded={open}>{chosen?.name ?? t("Views")}</Button>}
        items={[
          { label: t("Everybody"), end: current ? undefined : "✓", run: () => setParameters({}) },
          ...views.map((view) => ({ label: view.name, end: view === chosen ? "✓" : undefined, run: () => setParameters(view.query) })),
          write && current && !chosen ? { label: t("Keep this view…"), icon: "plus" as const, rule: true, run: () => { setName(""); keep.reset(); replace.reset(); setNaming(true); } } : null,
          write && chosen ? { label: t("Forget “{name}”", { name: chosen.name }), icon: "trash" as const, danger: true, rule: true, run: () => void forget(chosen) } : null,
        ]} />
      <Dialog open={naming} close={() => setNaming(false)} title={t("Keep this view")}
        foot={<><Button onClick={() => setNaming(false)}>{t("Cancel")}</Button><Button look="primary" type="submit" form="view" busy={keep.isPending || replace.isPending}>{same ? t("Replace") : t("Keep")}</Button></>}>
        <form id="view" className="stack" onSubmit={(event) => { event.preventDefault(); if (same) replace.mutate(same); else keep.mutate({ list, name: name.trim(), query: current }); }}>
          {error && !(error instanceof ApiError && error.field("name")) && <Problem error={error} />}
          <TextField label={t("Name")} required maxLength={60} value={name} change={setName} error={error instanceof ApiError ? error.field("name") : undefined} hint={same ? t("There is a view of this name; it gets the filters of now.") : t("Filters, order and columns as they are now, for everybody of this workspace.")} />
        </form>
      </Dialog>
    </>
  );
}
