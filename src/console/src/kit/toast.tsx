// Short notices at the corner: what was done, with a way to undo it, and what did not work.
import { useEffect, useLayoutEffect, useRef, useState } from "react";

import { ApiError } from "../api";
import { t } from "../texts";
import { Glyph } from "./glyph";

interface Notice {
  id: number;
  text: string;
  title?: string;
  tone: "green" | "red" | "plain";
  action?: { label: string; run: () => void };
  seconds: number;
}

let notices: Notice[] = [];
let next = 1;
let changed: () => void = () => {};

function drop(id: number) {
  notices = notices.filter((notice) => notice.id !== id);
  changed();
}

function show(notice: Omit<Notice, "id">) {
  notices = [...notices.slice(-3), { ...notice, id: next++ }];
  changed();
}

export const say = (text: string, action?: { label: string; run: () => void }, seconds = action ? 10 : 4) => show({ text, tone: "green", action, seconds });

export function sayProblem(error: unknown) {
  const title = error instanceof ApiError ? error.title : t("That did not work");
  show({ title, text: error instanceof Error ? error.message : String(error), tone: "red", seconds: 10 });
}

function Toast({ notice }: { notice: Notice }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => drop(notice.id), notice.seconds * 1000);
    return () => clearTimeout(timer);
  }, [held, notice]);
  return (
    <div className={`toast ${notice.tone}`} onMouseEnter={() => setHeld(true)} onMouseLeave={() => setHeld(false)} onFocus={() => setHeld(true)} onBlur={() => setHeld(false)}>
      <Glyph name={notice.tone === "red" ? "warning" : "check"} />
      <div className="grow">{notice.title && <div className="strong">{notice.title}</div>}{notice.text}</div>
      {notice.action && <button type="button" onClick={() => { drop(notice.id); notice.action?.run(); }}>{notice.action.label}</button>}
      <button type="button" className="close" aria-label={t("Dismiss")} onClick={() => drop(notice.id)}><Glyph name="cross" size={14} /></button>
    </div>
  );
}

export function Toasts() {
  const [, redraw] = useState(0);
  const layer = useRef<HTMLDivElement>(null);
  useEffect(() => {
    changed = () => redraw((n) => n + 1);
    return () => {
      changed = () => {};
    };
  }, []);
  // The top layer again, so that a notice stands above an open dialog.
  useLayoutEffect(() => {
    const element = layer.current;
    if (!element) return;
    if (element.matches(":popover-open")) element.hidePopover();
    if (notices.length) element.showPopover();
  });
  return (
    <div ref={layer} popover="manual" className="toasts" role="status" aria-live="polite">
      {notices.map((notice) => <Toast key={notice.id} notice={notice} />)}
    </div>
  );
}
