// Filters, order and columns of a list under a name. Kept in this browser, apart for each workspace.
import { useState } from "react";
import { useSearchParams } from "react-router";

import { Button, TextField } from "../kit/controls";
import { Dialog, Menu } from "../kit/layers";
import { say } from "../kit/toast";
import { useSession } from "../session";
import { t } from "../texts";

interface View {
  name: string;
  search: string;
}

export function SavedViews({ list }: { list: string }) {
  const session = useSession();
  const key = `postrider-views-${session.tenant_id}-${list}`;
  const read = (): View[] => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "[]") as View[];
    } catch {
      return [];
    }
  };
  const [parameters, setParameters] = useSearchParams();
  const [views, setViews] = useState(read);
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const current = parameters.toString();
  const chosen = views.find((view) => view.search === current);
  const keep = (next: View[]) => {
    setViews(next);
    try {
      localStorage.setItem(key, JSON.stringify(next));
    } catch {
      // a private window may refuse; the views then last until the page is left
    }
  };
  const save = () => {
    keep([...views.filter((view) => view.name !== name.trim()), { name: name.trim(), search: current }]);
    setNaming(false);
    say(t("View kept in this browser"));
  };
  const forget = (view: View) => {
    const before = views;
    keep(views.filter((one) => one !== view));
    say(t("“{name}” is forgotten", { name: view.name }), { label: t("Undo"), run: () => keep(before) });
  };
  return (
    <>
      <Menu label={t("Views")} end={false} trigger={(open) => <Button icon="eye" aria-haspopup="menu" aria-expanded={open}>{chosen?.name ?? t("Views")}</Button>}
        items={[
          { label: t("Everybody"), end: current ? undefined : "✓", run: () => setParameters({}) },
          ...views.map((view) => ({ label: view.name, end: view === chosen ? "✓" : undefined, run: () => setParameters(view.search) })),
          current && !chosen ? { label: t("Keep this view…"), icon: "plus" as const, rule: true, run: () => { setName(""); setNaming(true); } } : null,
          chosen ? { label: t("Forget “{name}”", { name: chosen.name }), icon: "trash" as const, danger: true, rule: true, run: () => forget(chosen) } : null,
        ]} />
      <Dialog open={naming} close={() => setNaming(false)} title={t("Keep this view")} foot={<><Button onClick={() => setNaming(false)}>{t("Cancel")}</Button><Button look="primary" type="submit" form="view">{t("Keep")}</Button></>}>
        <form id="view" className="stack" onSubmit={(event) => { event.preventDefault(); save(); }}><TextField label={t("Name")} required maxLength={60} value={name} change={setName} hint={t("Filters, order and columns as they are now. Copy the address to give it to a colleague.")} /></form>
      </Dialog>
    </>
  );
}
