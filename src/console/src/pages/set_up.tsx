// The first run: an owner for a fresh installation; the first steps on the home page lead on from there.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Navigate, useNavigate, useSearchParams } from "react-router";

import { api, ApiError, type Session, setCsrfToken } from "../api";
import { zone } from "../format";
import { Button, TextField } from "../kit/controls";
import { Notice, Problem } from "../kit/page";
import { t } from "../texts";

export interface SetUp {
  needed: boolean;
}

export default function SetUpPage() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [parameters] = useSearchParams();
  const state = useQuery({ queryKey: ["set-up"], queryFn: () => api.get<SetUp>("/setup") });
  const [form, setForm] = useState({ code: parameters.get("code") ?? "", email: "", name: "", organisation: "", password: "" });
  const put = (key: keyof typeof form) => (value: string) => setForm({ ...form, [key]: value });
  useEffect(() => {
    document.title = `${t("Set up")} · postrider`;
  }, []);
  const make = useMutation({
    mutationFn: () => api.post<Session>("/setup", { code: form.code.trim(), email: form.email, name: form.name, password: form.password, ...(form.organisation && { organisation: form.organisation }), time_zone: zone }),
    onSuccess: (session) => {
      setCsrfToken(session.csrf_token);
      client.setQueryData(["session"], session);
      navigate("/", { replace: true });
    },
  });
  const problem = make.error instanceof ApiError ? make.error : null;
  if (state.data && !state.data.needed) return <Navigate to="/sign-in" replace />;
  if (state.isError) return <Navigate to="/sign-in" replace />;
  return (
    <main className="sign-in">
      <div className="card stack" style={{ width: "min(460px, 100%)" }}>
        <div className="row" style={{ gap: 10 }}><img src="/icon.svg" width={30} height={30} alt="" /><h1>{t("Welcome to postrider")}</h1></div>
        <p className="muted small">{t("Nobody has signed in to this installation yet. Make its owner: whoever you make can do everything and add others.")}</p>
        <form className="stack" onSubmit={(event) => { event.preventDefault(); make.mutate(); }}>
          {problem && !problem.fields.length && <Problem error={problem} />}
          {!parameters.get("code") && <TextField label={t("Code")} required autoFocus autoComplete="off" spellCheck={false} hint={t("The server has printed it when it started; it stands in its log.")} value={form.code} change={put("code")} error={problem?.field("code")} />}
          <TextField label={t("Organisation")} optional autoComplete="organization" value={form.organisation} change={put("organisation")} error={problem?.field("organisation")} />
          <TextField label={t("Your e-mail")} type="email" required autoFocus={Boolean(parameters.get("code"))} autoComplete="username" value={form.email} change={put("email")} error={problem?.field("email")} />
          <TextField label={t("Your name")} optional autoComplete="name" value={form.name} change={put("name")} error={problem?.field("name")} />
          <TextField label={t("Password")} type="password" required minLength={10} autoComplete="new-password" hint={t("At least 10 characters.")} value={form.password} change={put("password")} error={problem?.field("password")} />
          <Button look="primary" type="submit" busy={make.isPending} style={{ height: 36 }}>{t("Make the owner and sign in")}</Button>
        </form>
        <Notice>{t("Then: a provider, a sender, your contacts. The home page leads you through.")}</Notice>
      </div>
    </main>
  );
}
