// One's own password, and where one is signed in.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, ApiError, type List, type Session, setCsrfToken } from "../api";
import { Button, TextField } from "../kit/controls";
import { ask, Dialog } from "../kit/layers";
import { Problem, Section, When } from "../kit/page";
import { say, sayProblem } from "../kit/toast";
import { t } from "../texts";
import { useRoutes } from "./routes";

function ChangePassword({ close }: { close: () => void }) {
  const client = useQueryClient();
  const [now, setNow] = useState("");
  const [next, setNext] = useState("");
  const save = useMutation({
    mutationFn: () => api.put<Session>("/session/password", { current_password: now, new_password: next }),
    onSuccess: (session) => {
      if (session?.csrf_token) setCsrfToken(session.csrf_token);
      void client.invalidateQueries({ queryKey: ["session"] });
      void client.invalidateQueries({ queryKey: ["sessions"] });
      close();
      say(t("Password changed. All your other sessions have ended."));
    },
  });
  const problem = save.error instanceof ApiError ? save.error : null;
  return (
    <Dialog open close={close} title={t("Change your password")} foot={<><Button onClick={close}>{t("Cancel")}</Button><Button look="primary" type="submit" form="password" busy={save.isPending}>{t("Change password")}</Button></>}>
      <form id="password" className="stack" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        {save.isError && !problem?.fields.length && <Problem error={save.error} />}
        <TextField label={t("Password until now")} type="password" required autoComplete="current-password" value={now} change={setNow} error={problem?.field("current_password")} />
        <TextField label={t("New password")} type="password" required minLength={10} autoComplete="new-password" hint={t("At least 10 characters.")} value={next} change={setNext} error={problem?.field("new_password")} />
      </form>
    </Dialog>
  );
}

interface OpenSession {
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  ip_address: string;
  user_agent: string;
  current: boolean;
}

// "Firefox on Linux" out of what a browser calls itself.
function browser(agent: string): string {
  const name = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : "";
  return name && system ? t("{browser} on {system}", { browser: name, system }) : name || agent.slice(0, 60) || t("Unknown program");
}

export function OwnAccount() {
  const routes = useRoutes();
  const [changing, setChanging] = useState(false);
  const listed = routes.has("GET", "/sessions");
  const sessions = useQuery({ queryKey: ["sessions"], enabled: listed, queryFn: () => api.get<List<OpenSession>>("/sessions").then((list) => list.items) });
  const everywhere = async () => {
    if (await ask({ title: t("Sign out everywhere?"), text: t("Here, too. You need your password to come back."), yes: t("Sign out everywhere"), danger: true })) api.remove("/sessions").then(() => window.location.assign("/sign-in"), sayProblem);
  };
  if (!routes.has("PUT", "/session/password") && !listed) return null;
  return (
    <Section title={t("Your access")}>
      <div className="row wraps">{routes.has("PUT", "/session/password") && <Button onClick={() => setChanging(true)}>{t("Change password…")}</Button>}{listed && <Button onClick={everywhere}>{t("Sign out everywhere…")}</Button>}</div>
      {sessions.data && <ul className="card lines small">{sessions.data.map((session) => <li key={session.created_at + session.user_agent}><span className="grow" style={{ minWidth: 0 }}><span className="cut" title={session.user_agent}>{browser(session.user_agent)}</span><span className="faint tiny">{session.ip_address}</span></span>{session.current ? <span className="good">{t("this one")}</span> : <span className="muted"><When at={session.last_seen_at} /></span>}</li>)}</ul>}
      {changing && <ChangePassword close={() => setChanging(false)} />}
    </Section>
  );
}
