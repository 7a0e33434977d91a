// Ctrl/Cmd-K: pages and actions at once; contacts, campaigns, segments and templates as they are typed.
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";

import { api, type List, query } from "../api";
import type { GlyphName } from "../kit/glyph";
import { Glyph } from "../kit/glyph";
import { Dialog } from "../kit/layers";
import { useLater } from "../kit/picker";
import { places } from "../places";
import { t } from "../texts";
import { setTheme } from "../theme";
import { type Contact, personName } from "../types";

interface Command {
  id: string;
  group: string;
  label: string;
  note?: string;
  icon: GlyphName;
  run: () => void;
}

interface Named {
  id: string;
  name: string;
}

const named = (path: string) => api.get<List<Named>>(`${path}${query({ limit: 200 })}`).then((list) => list.items).catch(() => []);

export function Palette({ open, close, admin, openSheet }: { open: boolean; close: () => void; admin: boolean; openSheet: () => void }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  // What is here answers at once, so that Enter takes what is seen; people are asked for when the typing rests.
  const wanted = typed.trim().toLowerCase();
  const asked = useLater(wanted, 140);
  useEffect(() => {
    if (open) {
      setTyped("");
      setAt(0);
    }
  }, [open]);
  const things = useQuery({
    queryKey: ["palette", "things"],
    enabled: open,
    staleTime: 30_000,
    queryFn: async () => {
      const [campaigns, segments, templates] = await Promise.all([named("/campaigns"), named("/segments"), named("/templates")]);
      return { campaigns, segments, templates };
    },
  });
  const people = useQuery({ queryKey: ["palette", "people", asked], enabled: open && asked.length >= 2, queryFn: () => api.get<List<Contact>>(`/contacts${query({ search: asked, limit: 6 })}`).then((found) => found.items).catch(() => []) });
  const go = (path: string) => () => navigate(path);
  const commands: Command[] = [];
  const fits = (label: string) => !wanted || label.toLowerCase().includes(wanted);
  const put = (command: Command) => fits(command.label) && commands.push(command);
  const actions: [string, GlyphName, () => void][] = [
    [t("New campaign"), "plus", go("/campaigns?new=1")],
    [t("New segment"), "plus", go("/segments/new")],
    [t("New template"), "plus", go("/templates?new=1")],
    [t("New contact"), "plus", go("/contacts?new=1")],
    [t("Import contacts"), "upload", go("/imports?new=1")],
    [t("Suppress an address"), "stop", go("/suppressions?new=1")],
    [t("Light theme"), "sun", () => setTheme("light")],
    [t("Dark theme"), "moon", () => setTheme("dark")],
    [t("Theme of the system"), "columns", () => setTheme("auto")],
    [t("Keyboard shortcuts"), "list", openSheet],
  ];
  if (wanted) {
    const kinds = [["campaigns", t("Campaigns"), "send"], ["segments", t("Segments"), "filter"], ["templates", t("Templates"), "page"]] as const;
    for (const [kind, group, icon] of kinds) for (const item of (things.data?.[kind] ?? []).filter((one) => fits(one.name)).slice(0, 5)) commands.push({ id: item.id, group, label: item.name, icon, run: go(`/${kind}/${item.id}`) });
    for (const person of people.data ?? []) commands.push({ id: person.id, group: t("Contacts"), label: person.email ?? person.phone ?? person.id, note: personName(person), icon: "person", run: go(`/contacts/${person.id}`) });
  }
  for (const place of places) if (admin || !place.admin) put({ id: place.path, group: t("Go to"), label: place.label, note: place.keys, icon: place.glyph, run: go(place.path) });
  for (const [label, icon, run] of actions) put({ id: label, group: t("Do"), label, icon, run });
  const current = Math.min(at, commands.length - 1);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [current]);
  const run = (command: Command | undefined) => {
    if (!command) return;
    close();
    command.run();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((current + (event.key === "ArrowDown" ? 1 : commands.length - 1)) % Math.max(1, commands.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(commands[current]);
    }
  };
  let group = "";
  return (
    <Dialog open={open} close={close} kind="palette" label={t("Search and commands")}>
      <input className="palette-input" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={commands[current] ? `command-${current}` : undefined} aria-label={t("Search and commands")} autoFocus autoComplete="off" spellCheck={false}
        placeholder={t("Find a page, a contact, a campaign, something to do…")} value={typed} onChange={(event) => { setTyped(event.currentTarget.value); setAt(0); }} onKeyDown={keys} />
      <div className="palette-list" id="palette-list" role="listbox" aria-label={t("Found")} ref={list} tabIndex={-1}>
        {commands.map((command, index) => {
          const heading = command.group !== group ? command.group : null;
          group = command.group;
          return (
            <div key={command.group + command.id} role="presentation">
              {heading && <div className="option-label" role="presentation">{heading}</div>}
              <div role="option" id={`command-${index}`} aria-selected={index === current} className="option" onClick={() => run(command)} onMouseMove={() => index !== at && setAt(index)}>
                <Glyph name={command.icon} /><span className="cut">{command.label}</span>{command.note && <span className="end">{command.note}</span>}
              </div>
            </div>
          );
        })}
        {commands.length === 0 && <div className="option muted" role="option" aria-selected="false" aria-disabled="true">{people.isFetching || things.isFetching ? t("Searching…") : t("Nothing found for “{text}”", { text: typed })}</div>}
      </div>
    </Dialog>
  );
}
