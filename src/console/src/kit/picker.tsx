// A field that searches as one types and takes one thing or several: contacts, segments, templates, columns.
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from "react";

import { t } from "../texts";
import { Field } from "./controls";
import { Glyph } from "./glyph";
import { place } from "./layers";

export interface Item {
  value: string;
  label: string;
  note?: ReactNode;
}

interface PickerProps {
  label: string;
  hideLabel?: boolean;
  hint?: ReactNode;
  error?: ReactNode;
  optional?: boolean;
  placeholder?: string;
  find: (typed: string) => Promise<Item[]>;
  findKey: unknown[];
  chosen: Item[];
  change: (chosen: Item[]) => void;
  many?: boolean;
  free?: boolean; // what is typed is taken as it is
}

export function Picker({ label, hideLabel, hint, error, optional, ...rest }: PickerProps) {
  return <Field label={label} hideLabel={hideLabel} hint={hint} error={error} optional={optional}><PickerInput {...rest} label={label} /></Field>;
}

export function useLater<T>(value: T, milliseconds = 180) {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return later;
}

function PickerInput({ placeholder, find, findKey, chosen, change, many, free, id, label, ...handed }: Omit<PickerProps, "hideLabel" | "hint" | "error"> & { id?: string }) {
  const [typed, setTyped] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const box = useRef<HTMLSpanElement>(null);
  const pop = useRef<HTMLDivElement>(null);
  const listId = useId();
  const later = useLater(typed.trim());
  const found = useQuery({ queryKey: ["picker", ...findKey, later], queryFn: () => find(later), enabled: open, staleTime: 10_000 });
  const items = (found.data ?? []).filter((item) => !many || !chosen.some((other) => other.value === item.value));
  useLayoutEffect(() => {
    const layer = pop.current;
    if (!layer || !box.current) return;
    if (open && !layer.matches(":popover-open")) layer.showPopover();
    if (!open && layer.matches(":popover-open")) layer.hidePopover();
    if (open) place(layer, box.current, false, true);
  });
  const take = (item: Item) => {
    change(many ? [...chosen, item] : [item]);
    setTyped("");
    setAt(0);
    if (!many) setOpen(false);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      if (items.length) setAt((at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length);
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      const item = items[at];
      if (item) take(item);
      else if (free && typed.trim()) take({ value: typed.trim(), label: typed.trim() });
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    } else if (event.key === "Backspace" && !typed && chosen.length) change(chosen.slice(0, -1));
  };
  return (
    <>
      <span className="input picker" ref={box}>
        {chosen.map((item) => (
          <span key={item.value} className="pill"><span title={item.label}>{item.label}</span><button type="button" aria-label={t("Remove {name}", { name: item.label })} onClick={() => change(chosen.filter((other) => other.value !== item.value))}><Glyph name="cross" size={12} /></button></span>
        ))}
        <input id={id} {...(handed as object)} role="combobox" aria-expanded={open} aria-controls={listId} aria-autocomplete="list" aria-activedescendant={open && items[at] ? `${listId}-${at}` : undefined} autoComplete="off" placeholder={chosen.length ? undefined : placeholder}
          value={typed} onChange={(event) => { setTyped(event.currentTarget.value); setOpen(true); setAt(0); }} onFocus={() => setOpen(true)} onClick={() => setOpen(true)} onBlur={() => setOpen(false)} onKeyDown={keys} />
      </span>
      <div ref={pop} popover="manual" className="pop" role="listbox" id={listId} aria-label={label} onMouseDown={(event) => event.preventDefault()}>
        {items.map((item, index) => (
          <div key={item.value} id={`${listId}-${index}`} role="option" aria-selected={index === at} className="option" onClick={() => take(item)}>
            <span className="cut">{item.label}</span>{item.note && <span className="end">{item.note}</span>}
          </div>
        ))}
        {open && items.length === 0 && <div className="option muted" role="option" aria-selected="false" aria-disabled="true">{found.isFetching ? t("Searching…") : free && typed ? t("Enter takes “{text}”", { text: typed }) : t("Nothing found")}</div>}
      </div>
    </>
  );
}
