// Signing in: the page of its own, and the dialog that appears above a page when its session has ended.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { Navigate, useNavigate, useSearchParams } from "react-router";

import { api, ApiError, type Session, setCsrfToken } from "../api";
import { Button, TextField } from "../kit/controls";
import { Notice } from "../kit/page";
import { t } from "../texts";

export function SignInForm({ email: known = "", done, notice }: { email?: string; done: (session: Session) => void; notice?: ReactNode }) {
  const client = useQueryClient();
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => api.post<Session>("/session", { email, password }),
    onSuccess: (session) => {
      setCsrfToken(session.csrf_token);
      client.setQueryData(["session"], session);
      done(session);
    },
  });
  const problem = signIn.error instanceof ApiError ? signIn.error : null;
  const text = problem?.status === 401 || problem?.status === 422 || problem?.status === 403 ? problem.message : problem?.status === 429 ? t("Too many attempts. Wait {n} seconds, then try again.", { n: problem.retryAfter ?? 30 }) : signIn.error?.message;
  return (
    <form className="stack" onSubmit={(event) => { event.preventDefault(); signIn.mutate(); }}>
      {notice}
      {text && <Notice tone="red">{text}</Notice>}
      <TextField label={t("E-mail")} type="email" name="email" required autoComplete="username" autoFocus={!known} value={email} change={setEmail} />
      <TextField label={t("Password")} type="password" name="password" required autoComplete="current-password" autoFocus={Boolean(known)} value={password} change={setPassword} />
      <Button look="primary" type="submit" busy={signIn.isPending} style={{ height: 36 }}>{t("Sign in")}</Button>
    </form>
  );
}

export default function SignIn() {
  const navigate = useNavigate();
  const [parameters] = useSearchParams();
  const setUp = useQuery({ queryKey: ["set-up"], queryFn: () => api.get<{ needed?: boolean; completed?: boolean }>("/setup").catch(() => ({}) as { needed?: boolean; completed?: boolean }) });
  const to = parameters.get("to");
  useEffect(() => {
    document.title = `${t("Sign in")} · postrider`;
  }, []);
  // No form flashes up that another page replaces at once.
  if (setUp.isPending) return <main className="sign-in" aria-busy="true" />;
  if (setUp.data?.needed) return <Navigate to="/set-up" replace />;
  return (
    <main className="sign-in">
      <div className="stack" style={{ width: "min(380px, 100%)" }}>
        <div className="card stack">
          <div className="row" style={{ gap: 10 }}><img src="/icon.svg" width={30} height={30} alt="" /><h1>{t("Sign in to postrider")}</h1></div>
          <SignInForm done={() => navigate(to?.startsWith("/") && !to.startsWith("//") ? to : "/", { replace: true })} />
        </div>
        <p className="faint tiny" style={{ textAlign: "center" }}>{t("Forgot your password? An admin can set a new one under Team.")}</p>
      </div>
    </main>
  );
}
