// Buttons and form fields over native elements: what the browser already does well (focus, keys, phones) stays its own.
import { cloneElement, type ComponentProps, type ReactElement, type ReactNode, useId, useState } from "react";
import { Link } from "react-router";

import { t } from "../texts";
import { Glyph, type GlyphName } from "./glyph";

type Look = "plain" | "primary" | "ghost" | "danger" | "danger solid";

interface ButtonProps extends Omit<ComponentProps<"button">, "children"> {
  look?: Look;
  small?: boolean;
  icon?: GlyphName;
  busy?: boolean;
  to?: string;
  href?: string;
  download?: string | boolean;
  label?: string; // for buttons that are only an icon
  children?: ReactNode;
}

export function Button({ look = "plain", small, icon, busy, to, href, download, label, children, className, disabled, ...rest }: ButtonProps) {
  const classes = ["button", look === "plain" ? "" : look, small && "small", !children && "icon", className].filter(Boolean).join(" ");
  const inside = (
    <>
      {busy ? <span className="spinner" aria-hidden="true" /> : icon && <Glyph name={icon} size={small ? 14 : 16} />}
      {children}
    </>
  );
  if (to !== undefined) return <Link to={to} className={classes} aria-label={label} title={label}>{inside}</Link>;
  if (href !== undefined) return <a href={href} className={classes} aria-label={label} title={label} download={download}>{inside}</a>;
  return <button type="button" {...rest} className={classes} disabled={disabled || busy} aria-busy={busy || undefined} aria-label={label ?? rest["aria-label"]} title={rest.title ?? label}>{inside}</button>;
}

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  optional?: boolean;
  hideLabel?: boolean;
  children: ReactElement<{ id?: string; "aria-describedby"?: string; "aria-invalid"?: boolean }>;
}

export function Field({ label, hint, error, optional, hideLabel, children }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return (
    <div className="field">
      <label className={hideLabel ? "hidden-text" : "label"} htmlFor={id}>{label}{optional && <span className="faint"> · {t("optional")}</span>}</label>
      {cloneElement(children, { id, "aria-describedby": described, "aria-invalid": error ? true : undefined })}
      {hint && <div className="hint" id={`${id}-hint`}>{hint}</div>}
      {error && <div className="error" id={`${id}-error`} role="alert">{error}</div>}
    </div>
  );
}

type Wrapped<P> = Omit<P, "onChange" | "value"> & Omit<FieldProps, "children">;
const split = <P extends object>({ label, hint, error, optional, hideLabel, ...rest }: Wrapped<P>) => ({ field: { label, hint, error, optional, hideLabel }, rest });

export function TextField({ value, change, icon, small, ...props }: Wrapped<ComponentProps<"input">> & { value: string; change: (value: string) => void; icon?: GlyphName; small?: boolean }) {
  const { field, rest } = split(props);
  const input = <input {...rest} className={`input${small ? " small" : ""}`} value={value} onChange={(event) => change(event.currentTarget.value)} />;
  if (!icon) return <Field {...field}>{input}</Field>;
  return <Field {...field}><Iconed icon={icon}>{input}</Iconed></Field>;
}

function Iconed({ icon, children, ...handed }: { icon: GlyphName; children: ReactElement<object>; id?: string }) {
  return <span className="with-icon"><Glyph name={icon} />{cloneElement(children, handed)}</span>;
}

export function TextArea({ value, change, ...props }: Wrapped<ComponentProps<"textarea">> & { value: string; change: (value: string) => void }) {
  const { field, rest } = split(props);
  return <Field {...field}><textarea {...rest} className="input" value={value} onChange={(event) => change(event.currentTarget.value)} /></Field>;
}

export type Choice = { value: string; label: string; disabled?: boolean } | string;

export function Select({ value, change, choices, placeholder, small, auto, ...rest }: Omit<ComponentProps<"select">, "onChange" | "value"> & { value: string; change: (value: string) => void; choices: readonly Choice[]; placeholder?: string; small?: boolean; auto?: boolean }) {
  return (
    <select {...rest} className={`input${small ? " small" : ""}${auto ? " auto" : ""}`} value={value} onChange={(event) => change(event.currentTarget.value)}>
      {placeholder !== undefined && <option value="">{placeholder}</option>}
      {choices.map((choice) => {
        const { value: id, label, disabled } = typeof choice === "string" ? { value: choice, label: choice, disabled: false } : choice;
        return <option key={id} value={id} disabled={disabled}>{label}</option>;
      })}
    </select>
  );
}

export function SelectField({ value, change, choices, placeholder, ...props }: Wrapped<ComponentProps<"select">> & { value: string; change: (value: string) => void; choices: readonly Choice[]; placeholder?: string }) {
  const { field, rest } = split(props);
  return <Field {...field}><Select {...rest} value={value} change={change} choices={choices} placeholder={placeholder} /></Field>;
}

export function Check({ label, hint, checked, change, kind = "checkbox", partial, bare, ...rest }: Omit<ComponentProps<"input">, "onChange" | "type"> & { label: ReactNode; hint?: ReactNode; checked: boolean; change: (checked: boolean) => void; kind?: "checkbox" | "radio"; partial?: boolean; bare?: boolean }) {
  const mark = (element: HTMLInputElement | null) => {
    if (element) element.indeterminate = partial ?? false;
  };
  return (
    <label className="check">
      <input {...rest} ref={mark} type={kind} checked={checked} onChange={(event) => change(event.currentTarget.checked)} />
      <span className={bare ? "hidden-text" : undefined}>{label}{hint && <span className="hint">{hint}</span>}</span>
    </label>
  );
}

export function Segmented<T extends string>({ label, value, change, choices }: { label: string; value: T; change: (value: T) => void; choices: { value: T; label: ReactNode; title?: string }[] }) {
  return (
    <div className="segmented" role="group" aria-label={label}>
      {choices.map((choice) => <button key={choice.value} type="button" title={choice.title} aria-pressed={choice.value === value} onClick={() => change(choice.value)}>{choice.label}</button>)}
    </div>
  );
}

export function TagsField({ value, change, ...props }: Wrapped<ComponentProps<"input">> & { value: string[]; change: (value: string[]) => void }) {
  const { field, rest } = split(props);
  const [typed, setTyped] = useState("");
  const add = () => {
    const names = typed.split(",").map((name) => name.trim()).filter((name) => name && !value.includes(name));
    if (names.length) change([...value, ...names]);
    setTyped("");
  };
  return (
    <Field {...field}>
      <TagsInput {...rest} typed={typed} setTyped={setTyped} add={add} value={value} change={change} />
    </Field>
  );
}

function TagsInput({ value, change, typed, setTyped, add, ...rest }: Omit<ComponentProps<"input">, "value" | "onChange"> & { value: string[]; change: (value: string[]) => void; typed: string; setTyped: (text: string) => void; add: () => void }) {
  return (
    <span className="input picker">
      {value.map((name) => (
        <span key={name} className="pill"><span>{name}</span><button type="button" aria-label={t("Remove {name}", { name })} onClick={() => change(value.filter((other) => other !== name))}><Glyph name="cross" size={12} /></button></span>
      ))}
      <input {...rest} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} onBlur={add}
        onKeyDown={(event) => {
          if ((event.key === "Enter" || event.key === ",") && typed.trim()) {
            event.preventDefault();
            add();
          } else if (event.key === "Backspace" && !typed) change(value.slice(0, -1));
        }} />
    </span>
  );
}

// Something to be carried elsewhere: a record, an address, a key.
export function Copyable({ label, value }: { label: string; value: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard?.writeText(value).then(() => setCopied(true));
  return <div className="row"><input className="input mono" readOnly aria-label={label} value={value} onFocus={(event) => event.currentTarget.select()} /><Button icon={copied ? "check" : "copy"} label={copied ? t("Copied") : t("Copy {what}", { what: label })} onClick={copy} /></div>;
}
