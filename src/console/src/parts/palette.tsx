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
import { findPeople } from "./pickers";

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

// The whole name, then its beginning, then the beginning of one of its words, then anywhere.
function rank(label: string, wanted: string): number {
  const text = label.toLowerCase();
  const at = text.indexOf(wanted);
  if (at < 0) return -1;
  return text === wanted ? 0 : at === 0 ? 1 : /[\s_&/.-]/.test(text[at - 1] ?? "") ? 2 : 3;
}
const best = <T,>(items: T[], label: (item: T) => string, wanted: string) =>
  items.map((item) => ({ item, rank: rank(label(item), wanted) })).filter((one) => one.rank >= 0).sort((a, b) => a.rank - b.rank).map((one) => one.item);

const named = (path: string) => api.get<List<Named>>(`${path}${query({ limit: 200 })}`).then((list) => list.items).catch(() => []);

// Made anew each time it opens: what was typed the last time cannot get before the first letter of this time.
export function Palette({ close, admin, openSheet }: { close: () => void; admin: boolean; openSheet: () => void }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  // What is here answers at once, so that Enter takes what is seen; people are asked for when the typing rests.
  const wanted = typed.trim().toLowerCase();
  const asked = useLater(wanted, 140);
  const things = useQuery({
    queryKey: ["palette", "things"],
    staleTime: 30_000,
    queryFn: async () => {
      const [campaigns, segments, templates] = await Promise.all([named("/campaigns"), named("/segments"), named("/templates")]);
      return { campaigns, segments, templates };
    },
  });
  const people = useQuery({ queryKey: ["palette", "people", asked], enabled: asked.length >= 2, queryFn: () => findPeople(asked, 6).catch((): List<Contact> => ({ items: [], next_cursor: null })) });
  const go = (path: string) => () => navigate(path);
  const commands: Command[] = [];
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
    for (const [kind, group, icon] of kinds) for (const item of best(things.data?.[kind] ?? [], (one) => one.name, wanted).slice(0, 5)) commands.push({ id: item.id, group, label: item.name, icon, run: go(`/${kind}/${item.id}`) });
    for (const person of people.data?.items ?? []) commands.push({ id: person.id, group: t("Contacts"), label: person.email ?? person.phone ?? person.id, note: personName(person), icon: "person", run: go(`/contacts/${person.id}`) });
  }
  if (wanted && people.data?.next_cursor) commands.push({ id: "more", group: t("Contacts"), label: t("All contacts that fit “{text}”", { text: typed.trim() }), icon: "people", run: go(`/contacts${query({ search: typed.trim() })}`) });
  for (const place of best(places.filter((one) => admin || !one.admin), (one) => one.label, wanted)) commands.push({ id: place.path, group: t("Go to"), label: place.label, note: place.keys, icon: place.glyph, run: go(place.path) });
  for (const [label, icon, run] of best(actions, ([name]) => name, wanted)) commands.push({ id: label, group: t("Do"), label, icon, run });
  const current = Math.min(at, commands.length - 1);
  useEffect(() => {
    // In braces: newer browsers answer with a promise, which React would take for what is to be undone.
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [current]);
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
    <Dialog open close={close} kind="palette" label={t("Search and commands")}>
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
