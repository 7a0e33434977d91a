// The parts that every page is made of.
import { type ReactNode, useEffect, useRef } from "react";
import { Link, useSearchParams } from "react-router";

import { ApiError } from "../api";
import { ago, instant, moment, none, words } from "../format";
import { t } from "../texts";
import { Button } from "./controls";
import { Glyph, type GlyphName } from "./glyph";

export function Page({ title, crumb, note, actions, children, full, heading }: { title: string; heading?: ReactNode; crumb?: { to: string; label: string }; note?: ReactNode; actions?: ReactNode; children: ReactNode; full?: boolean }) {
  useEffect(() => {
    document.title = `${title} · postrider`;
  }, [title]);
  return (
    <div className={full ? "page full" : "page"}>
      <header className="page-head">
        <div className="titles">
          {crumb && <div className="crumbs"><Link to={crumb.to}>{crumb.label}</Link><span aria-hidden="true">/</span></div>}
          <h1>{heading ?? title}</h1>
          {note && <div className="muted small">{note}</div>}
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Section({ title, note, actions, children, id }: { title?: string; note?: ReactNode; actions?: ReactNode; children: ReactNode; id?: string }) {
  return (
    <section className="section" aria-label={title} id={id}>
      {(title || actions) && <div className="section-head">{title && <h2>{title}</h2>}{note && <span className="faint tiny">{note}</span>}{actions && <div className="push">{actions}</div>}</div>}
      {children}
    </section>
  );
}

const tones: Record<string, string> = {
  active: "blue", sending: "blue", running: "blue", launching: "blue", queued: "grey", draft: "grey", scheduled: "violet", staged: "violet", waiting: "violet", receiving: "blue", reading: "blue", undoing: "blue",
  sent: "green", completed: "green", granted: "green", verified: "green", delivered: "green", ok: "green", done: "green", accepted: "green", success: "green", create: "green", confirmed: "green", owner: "violet", pass: "green",
  paused: "yellow", skipped: "yellow", pending: "yellow", uncertain: "yellow", unverified: "yellow", warning: "yellow", retry: "yellow", deferred: "yellow", unchecked: "grey", ready: "blue", canceled: "grey", undone: "grey",
  failed: "red", denied: "red", dead: "red", bounced: "red", complained: "red", revoked: "red", disabled: "red", down: "red", error: "red", refuse: "red", reject: "red", rejected: "red", permanent: "red", expired: "yellow", update: "blue", unchanged: "grey",
};
const live = new Set(["sending", "running", "active", "launching", "receiving", "reading", "undoing"]);

export const Status = ({ value, label }: { value: string; label?: string }) => <span className={`state ${tones[value] ?? "grey"}${live.has(value) ? " live" : ""}`}>{label ?? words(value)}</span>;

export function When({ at, full }: { at: string | null | undefined; full?: boolean }) {
  if (!at) return <span className="faint">{none}</span>;
  return <time dateTime={at} title={instant(at)} className="nowrap">{full ? moment(at) : ago(at)}</time>;
}

export function Tags({ names, most = 3 }: { names: readonly string[]; most?: number }) {
  if (!names.length) return <span className="faint">{none}</span>;
  return <span className="row tight wraps">{names.slice(0, most).map((name) => <span key={name} className="tag" title={name}>{name}</span>)}{names.length > most && <span className="faint tiny" title={names.slice(most).join(", ")}>+{names.length - most}</span>}</span>;
}

export function Empty({ icon, title, children, action }: { icon: GlyphName; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <div className="glyph"><Glyph name={icon} size={20} /></div>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action && <div className="row wraps">{action}</div>}
    </div>
  );
}

export function Notice({ tone, title, children, actions }: { tone?: "red" | "yellow" | "green" | "blue"; title?: ReactNode; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className={`notice ${tone ?? ""}`} role={tone === "red" ? "alert" : undefined}>
      <Glyph name={tone === "green" ? "check" : tone === "red" || tone === "yellow" ? "warning" : "info"} />
      <div>{title && <div className="title">{title}</div>}{children}{actions && <div className="row wraps" style={{ marginTop: 8 }}>{actions}</div>}</div>
    </div>
  );
}

// What went wrong, said so that the reader knows what to do next.
export function Problem({ error, again }: { error: unknown; again?: () => void }) {
  const problem = error instanceof ApiError ? error : null;
  const text = error instanceof Error ? error.message : String(error);
  const missing = problem?.status === 404;
  return (
    <Notice tone="red" title={missing ? t("This is not here") : problem?.title ?? t("Something went wrong")}
      actions={(again || problem?.requestId) && <>{again && !missing && <Button small icon="refresh" onClick={again}>{t("Try again")}</Button>}{problem?.requestId && <span className="faint tiny">{t("Request {id}", { id: problem.requestId })}</span>}</>}>
      <div>{text}</div>
      {problem && (problem.fields.length > 1 || (problem.fields.length === 1 && !text.includes(problem.fields[0]?.message ?? ""))) && <ul>{problem.fields.map((field) => <li key={field.pointer + field.code}><code>{field.pointer}</code> {field.message}</li>)}</ul>}
      {missing && <div className="muted">{t("It may have been deleted, or belong to another workspace.")}</div>}
    </Notice>
  );
}

export function Loading({ lines = 4 }: { lines?: number }) {
  return <div className="stack" role="status" aria-label={t("Loading")}>{Array.from({ length: lines }, (_, line) => <span key={line} className="skeleton" style={{ width: `${92 - ((line * 17) % 50)}%` }} />)}</div>;
}

export function Fact({ label, children }: { label: ReactNode; children: ReactNode }) {
  return <><dt>{label}</dt><dd>{children === null || children === undefined || children === "" ? <span className="faint">{none}</span> : children}</dd></>;
}

export function Figure({ label, value, note, mark, pressed, press }: { label: ReactNode; value: ReactNode; note?: ReactNode; mark?: string; pressed?: boolean; press?: () => void }) {
  const inside = <><div className="label">{mark && <i className="swatch" style={{ "--mark": mark } as React.CSSProperties} />}<span className="cut">{label}</span></div><div className="value">{value}</div>{note !== undefined && <div className="note">{note}</div>}</>;
  return press ? <button type="button" className="figure" aria-pressed={pressed} onClick={press} style={{ "--mark": mark } as React.CSSProperties}>{inside}</button> : <div className="figure">{inside}</div>;
}

export interface Tab {
  value: string;
  label: string;
  n?: ReactNode;
}

// Tabs whose choice is part of the address.
export function useTab(tabs: Tab[], name = "tab"): [string, (value: string) => void] {
  const [parameter, set] = useFilter(name);
  const known = tabs.find((tab) => tab.value === parameter) ?? tabs[0];
  return [known?.value ?? "", (value) => set(value === tabs[0]?.value ? null : value)];
}

export function Tabs({ tabs, value, change, label }: { tabs: Tab[]; value: string; change: (value: string) => void; label: string }) {
  const list = useRef<HTMLDivElement>(null);
  const step = (by: number) => {
    const at = tabs.findIndex((tab) => tab.value === value);
    const to = tabs[(at + by + tabs.length) % tabs.length];
    if (!to) return;
    change(to.value);
    list.current?.querySelectorAll<HTMLElement>("button")[tabs.indexOf(to)]?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={(event) => (event.key === "ArrowRight" ? step(1) : event.key === "ArrowLeft" ? step(-1) : undefined)}>
      {tabs.map((tab) => <button key={tab.value} type="button" role="tab" aria-selected={tab.value === value} tabIndex={tab.value === value ? 0 : -1} onClick={() => change(tab.value)}>{tab.label}{tab.n !== undefined && <span className="n">{tab.n}</span>}</button>)}
    </div>
  );
}

// One filter kept in the address.
export function useFilter(name: string): [string, (value: string | null) => void] {
  const [parameters, setParameters] = useSearchParams();
  const set = (value: string | null) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        if (value) after.set(name, value);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );
  return [parameters.get(name) ?? "", set];
}
