// What lies above the page: dialogs (the browser traps the focus and closes on Escape), menus and small popovers.
import { type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Link } from "react-router";

import { t } from "../texts";
import { Button, TextField } from "./controls";
import { Glyph, type GlyphName } from "./glyph";

export function Dialog({ open, close, title, children, foot, kind, label }: { open: boolean; close: () => void; title?: ReactNode; label?: string; children: ReactNode; foot?: ReactNode; kind?: "wide" | "drawer" | "palette" }) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    if (open && !dialog.open) {
      dialog.showModal();
      // The first field, not the button that closes.
      const first = dialog.querySelector<HTMLElement>(".dialog-body :is(input:not([type=file]), select, textarea), .palette-input") ?? dialog.querySelector<HTMLElement>(".dialog-body .button, .dialog-foot .button:not(:disabled)");
      first?.focus();
    }
    if (!open && dialog.open) dialog.close();
  }, [open]);
  if (!open) return null;
  return (
    <dialog ref={element} className={`dialog ${kind ?? ""}`} aria-labelledby={title ? id : undefined} aria-label={label} onCancel={(event) => { event.preventDefault(); close(); }} onClose={close}
      onMouseDown={(event) => event.target === element.current && close()}>
      {title && (
        <div className="dialog-head">
          <h2 id={id}>{title}</h2>
          <Button look="ghost" small icon="cross" label={t("Close")} onClick={close} />
        </div>
      )}
      {kind === "palette" ? children : <div className="dialog-body">{children}</div>}
      {foot && <div className="dialog-foot">{foot}</div>}
    </dialog>
  );
}

export interface MenuItem {
  label: ReactNode;
  icon?: GlyphName;
  end?: ReactNode;
  run?: () => void;
  to?: string;
  href?: string;
  download?: string;
  danger?: boolean;
  disabled?: boolean;
  rule?: boolean; // a line above
  heading?: boolean;
}

// Places a popover under its button, flipped when there is no room.
export function place(pop: HTMLElement, anchor: HTMLElement, end = false, width = false) {
  const box = anchor.getBoundingClientRect();
  if (width) pop.style.width = `${box.width}px`;
  const height = pop.offsetHeight;
  const below = box.bottom + 4 + height <= window.innerHeight || box.top < height + 8;
  pop.style.top = `${Math.max(8, below ? Math.min(box.bottom + 4, window.innerHeight - height - 8) : box.top - height - 4)}px`;
  const left = end ? box.right - pop.offsetWidth : box.left;
  pop.style.left = `${Math.max(8, Math.min(left, window.innerWidth - pop.offsetWidth - 8))}px`;
}

export function Popover({ trigger, children, end, role, label }: { trigger: (open: boolean) => ReactNode; children: (close: () => void) => ReactNode; end?: boolean; role?: string; label?: string }) {
  const pop = useRef<HTMLDivElement>(null);
  const anchor = useRef<HTMLSpanElement>(null);
  const [open, setOpen] = useState(false);
  useLayoutEffect(() => {
    if (!open || !pop.current || !anchor.current) return;
    place(pop.current, anchor.current, end);
    pop.current.querySelector<HTMLElement>("button:not(:disabled), a, input")?.focus();
  });
  const close = () => {
    pop.current?.hidePopover();
    anchor.current?.querySelector<HTMLElement>("button")?.focus();
  };
  return (
    <>
      <span ref={anchor} style={{ display: "inline-flex" }} onClick={() => pop.current?.togglePopover()}>{trigger(open)}</span>
      <div ref={pop} popover="auto" className="pop" role={role} aria-label={label} onToggle={(event) => setOpen((event.nativeEvent as ToggleEvent).newState === "open")}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          const all = [...(pop.current?.querySelectorAll<HTMLElement>("button:not(:disabled), a, input") ?? [])];
          const at = all.indexOf(document.activeElement as HTMLElement);
          event.preventDefault();
          all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]?.focus();
        }}>
        {open && children(close)}
      </div>
    </>
  );
}

export function Menu({ items, label, trigger, end = true }: { items: (MenuItem | false | null | undefined)[]; label: string; trigger?: (open: boolean) => ReactNode; end?: boolean }) {
  return (
    <Popover end={end} role="menu" label={label}
      trigger={trigger ?? ((open) => <Button icon="more" label={label} aria-haspopup="menu" aria-expanded={open} />)}>
      {(close) => items.filter((item): item is MenuItem => Boolean(item)).map((item, index) => {
        const inside = <>{item.icon && <Glyph name={item.icon} />}<span className="grow">{item.label}</span>{item.end && <span className="end">{item.end}</span>}</>;
        return (
          <div key={index} role="none">
            {item.rule && <hr />}
            {item.heading ? <div className="option-label">{item.label}</div>
              : item.to ? <Link role="menuitem" className="option" to={item.to} onClick={close}>{inside}</Link>
              : item.href ? <a role="menuitem" className="option" href={item.href} download={item.download} onClick={close}>{inside}</a>
              : <button role="menuitem" type="button" className={`option${item.danger ? " danger" : ""}`} disabled={item.disabled} onClick={() => { close(); item.run?.(); }}>{inside}</button>}
          </div>
        );
      })}
    </Popover>
  );
}

interface Question {
  title: string;
  text: ReactNode;
  yes: string;
  no?: string;
  danger?: boolean;
  typed?: string; // must be typed before it can be confirmed
}

let put: ((question: Question, answer: (yes: boolean) => void) => void) | null = null;

// Asks before what cannot be undone.
export const ask = (question: Question) => new Promise<boolean>((resolve) => (put ? put(question, resolve) : resolve(false)));

export function Questions() {
  const [open, setOpen] = useState<{ question: Question; answer: (yes: boolean) => void } | null>(null);
  const [typed, setTyped] = useState("");
  useEffect(() => {
    put = (question, answer) => {
      setTyped("");
      setOpen({ question, answer });
    };
    return () => {
      put = null;
    };
  }, []);
  if (!open) return null;
  const { question, answer } = open;
  const end = (yes: boolean) => {
    setOpen(null);
    answer(yes);
  };
  const digits = (text: string) => text.replace(/[\s.,'’]/g, "");
  const ready = !question.typed || digits(typed) === digits(question.typed);
  return (
    <Dialog open close={() => end(false)} title={question.title}
      foot={<>
        <Button onClick={() => end(false)} autoFocus={!question.typed}>{question.no ?? t("Cancel")}</Button>
        <Button look={question.danger ? "danger solid" : "primary"} disabled={!ready} onClick={() => end(true)}>{question.yes}</Button>
      </>}>
      <div className="stack">
        <div className="muted">{question.text}</div>
        {question.typed && <TextField label={t("Type {text} to go on", { text: question.typed })} value={typed} change={setTyped} autoFocus autoComplete="off" />}
      </div>
    </Dialog>
  );
}
