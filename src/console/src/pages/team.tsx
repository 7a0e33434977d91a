// Who may do what: users with roles and the right to send, and keys for programs.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, ApiError } from "../api";
import { words } from "../format";
import { Button, Check, Copyable, SelectField, TextField } from "../kit/controls";
import { ask, Dialog, Menu } from "../kit/layers";
import { Empty, Notice, Page, Problem, Status, Tabs, useFilter, useTab, When } from "../kit/page";
import { ListTable } from "../kit/table";
import { say, sayProblem } from "../kit/toast";
import { useSession } from "../session";
import { t } from "../texts";

interface User {
  id: string;
  email: string;
  name: string;
  role: string;
  can_send: boolean;
  disabled: boolean;
  created_at: string;
}

interface Key {
  id: string;
  name: string;
  prefix: string;
  role: string;
  can_send: boolean;
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
  key?: string | null;
}

const roles = [
  { value: "viewer", label: t("Viewer – sees everything, changes nothing") },
  { value: "marketer", label: t("Marketer – contacts, segments, templates, campaigns") },
  { value: "admin", label: t("Admin – also providers, team and settings") },
  { value: "owner", label: t("Owner – everything") },
];
const rank = roles.map((role) => role.value);

function useRoles() {
  const session = useSession();
  return roles.filter((role) => rank.indexOf(role.value) <= rank.indexOf(session.role));
}

function UserForm({ user, close }: { user: User | null; close: () => void }) {
  const session = useSession();
  const client = useQueryClient();
  const choices = useRoles();
  const [email, setEmail] = useState(user?.email ?? "");
  const [name, setName] = useState(user?.name ?? "");
  const [role, setRole] = useState(user?.role ?? "marketer");
  const [canSend, setCanSend] = useState(user?.can_send ?? false);
  const [password, setPassword] = useState("");
  const save = useMutation({
    mutationFn: () => (user ? api.patch<User>(`/users/${user.id}`, { name, role, can_send: canSend, ...(password && { password }) }) : api.post<User>("/users", { email, name, role, can_send: canSend, password })),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ["list", "/users"] });
      client.invalidateQueries({ queryKey: ["users"] });
      close();
      say(user ? t("Saved") : t("{name} can sign in now", { name: name || email }));
    },
  });
  const problem = save.error instanceof ApiError ? save.error : null;
  return (
    <Dialog open close={close} title={user ? t("Change {name}", { name: user.name || user.email }) : t("Add a user")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" type="submit" form="user" busy={save.isPending}>{user ? t("Save") : t("Add user")}</Button></>}>
      <form id="user" className="stack" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        {save.isError && !problem?.fields.length && <Problem error={save.error} />}
        {!user && <TextField label={t("E-mail")} type="email" required autoFocus autoComplete="off" value={email} change={setEmail} error={problem?.field("email")} />}
        <TextField label={t("Name")} optional value={name} change={setName} error={problem?.field("name")} />
        <SelectField label={t("Role")} value={role} change={setRole} choices={choices} error={problem?.field("role")} />
        <Check checked={canSend} change={setCanSend} disabled={!session.can_send} label={t("May send")} hint={t("Launch, pause and cancel campaigns. Apart from the right to edit.")} />
        <TextField label={user ? t("New password") : t("Password")} optional={Boolean(user)} type="password" required={!user} minLength={10} autoComplete="new-password" value={password} change={setPassword} hint={user ? t("Signs them out everywhere.") : t("At least 10 characters. Tell it to them; they sign in with it.")} error={problem?.field("password")} />
      </form>
    </Dialog>
  );
}

function Users() {
  const session = useSession();
  const client = useQueryClient();
  const [editing, setEditing] = useState<User | null>(null);
  const disable = async (user: User) => {
    if (!user.disabled && !(await ask({ title: t("Disable {name}?", { name: user.name || user.email }), text: t("They are signed out everywhere and cannot sign in until you enable them again."), yes: t("Disable"), danger: true }))) return;
    api.patch(`/users/${user.id}`, { disabled: !user.disabled }).then(() => { client.invalidateQueries({ queryKey: ["list", "/users"] }); say(user.disabled ? t("Enabled") : t("Disabled")); }, sayProblem);
  };
  return (
    <>
      <ListTable<User> path="/users" label={t("Users")} empty={<Empty icon="people" title={t("No users")} />} columns={[
        { key: "name", title: t("Name"), cell: (user) => <span className="cut strong">{user.name || user.email} {user.id === session.id && <span className="faint">({t("you")})</span>}</span> },
        { key: "email", title: t("E-mail"), hide: "wide-only", cell: (user) => <span className="cut muted">{user.email}</span> },
        { key: "role", title: t("Role"), fit: true, cell: (user) => words(user.role) },
        { key: "send", title: t("May send"), fit: true, cell: (user) => (user.can_send ? t("yes") : <span className="faint">{t("no")}</span>) },
        { key: "state", title: t("State"), fit: true, hide: "wide-only", cell: (user) => <Status value={user.disabled ? "disabled" : "ok"} label={user.disabled ? t("Disabled") : t("Active")} /> },
        { key: "do", title: "", fit: true, cell: (user) => <Menu label={t("Actions for {name}", { name: user.name || user.email })} trigger={(open) => <Button small look="ghost" icon="more" label={t("Actions for {name}", { name: user.name || user.email })} aria-haspopup="menu" aria-expanded={open} />} items={[{ label: t("Change…"), icon: "gear", run: () => setEditing(user) }, user.id !== session.id && { label: user.disabled ? t("Enable") : t("Disable…"), icon: "stop", danger: !user.disabled, run: () => disable(user) }]} /> },
      ]} />
      {editing && <UserForm user={editing} close={() => setEditing(null)} />}
    </>
  );
}

function NewKey({ close }: { close: () => void }) {
  const session = useSession();
  const client = useQueryClient();
  const choices = useRoles();
  const [name, setName] = useState("");
  const [role, setRole] = useState("marketer");
  const [canSend, setCanSend] = useState(false);
  const make = useMutation({ mutationFn: () => api.post<Key>("/api-keys", { name, role, can_send: canSend }), onSuccess: () => { client.invalidateQueries({ queryKey: ["list", "/api-keys"] }); } });
  const problem = make.error instanceof ApiError ? make.error : null;
  const key = make.data?.key;
  if (key) {
    return (
      <Dialog open close={close} title={t("Your new key")} foot={<Button look="primary" onClick={close}>{t("I have kept it")}</Button>}>
        <div className="stack">
          <Notice tone="yellow" title={t("Shown once")}>{t("Copy it now: it cannot be shown again. Whoever has it can do what its role allows.")}</Notice>
          <Copyable label={t("Key")} value={key} />
          <pre className="code">{`curl -H "Authorization: Bearer $KEY" ${window.location.origin}/api/v1/contacts`}</pre>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog open close={close} title={t("New API key")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" type="submit" form="key" busy={make.isPending}>{t("Make key")}</Button></>}>
      <form id="key" className="stack" onSubmit={(event) => { event.preventDefault(); make.mutate(); }}>
        {make.isError && !problem?.fields.length && <Problem error={make.error} />}
        <TextField label={t("Name")} required autoFocus hint={t("What uses it, so that you know what breaks when you revoke it.")} value={name} change={setName} error={problem?.field("name")} />
        <SelectField label={t("Role")} value={role} change={setRole} choices={choices} error={problem?.field("role")} />
        <Check checked={canSend} change={setCanSend} disabled={!session.can_send} label={t("May send")} />
      </form>
    </Dialog>
  );
}

function Keys() {
  const client = useQueryClient();
  const revoke = async (key: Key) => {
    if (await ask({ title: t("Revoke “{name}”?", { name: key.name }), text: t("Programs that use it stop working at once. This cannot be undone."), yes: t("Revoke"), danger: true })) api.remove(`/api-keys/${key.id}`).then(() => { client.invalidateQueries({ queryKey: ["list", "/api-keys"] }); say(t("Revoked")); }, sayProblem);
  };
  return (
    <ListTable<Key> path="/api-keys" label={t("API keys")} empty={<Empty icon="key" title={t("No keys yet")}>{t("A key lets a program do over HTTP what you do here.")}</Empty>} columns={[
      { key: "name", title: t("Name"), cell: (key) => <span className="cut strong">{key.name}</span> },
      { key: "prefix", title: t("Begins with"), fit: true, hide: "wide-only", cell: (key) => <code>{key.prefix}…</code> },
      { key: "role", title: t("Role"), fit: true, cell: (key) => words(key.role) },
      { key: "send", title: t("May send"), fit: true, hide: "wide-only", cell: (key) => (key.can_send ? t("yes") : <span className="faint">{t("no")}</span>) },
      { key: "used", title: t("Last used"), fit: true, cell: (key) => <When at={key.last_used_at} /> },
      { key: "do", title: "", fit: true, cell: (key) => (key.revoked_at ? <Status value="revoked" /> : <Button small look="ghost" onClick={() => revoke(key)}>{t("Revoke…")}</Button>) },
    ]} />
  );
}

export default function Team() {
  const tabs = [{ value: "users", label: t("Users") }, { value: "keys", label: t("API keys") }];
  const [tab, setTab] = useTab(tabs);
  const [isNew, setNew] = useFilter("new");
  return (
    <Page title={t("Team & API keys")} actions={<Button look="primary" icon="plus" onClick={() => setNew("1")}>{tab === "users" ? t("Add a user") : t("New API key")}</Button>}>
      <div className="stack">
        <Tabs label={t("Parts")} tabs={tabs} value={tab} change={setTab} />
        {tab === "users" ? <Users /> : <Keys />}
      </div>
      {isNew === "1" && (tab === "users" ? <UserForm user={null} close={() => setNew(null)} /> : <NewKey close={() => setNew(null)} />)}
    </Page>
  );
}
