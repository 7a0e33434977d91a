// Who is signed in, for every page below the shell.
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";

import { api, type Session, setCsrfToken } from "./api";

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("no session");
  return session;
}

export function useSessionQuery() {
  const query = useQuery({ queryKey: ["session"], queryFn: () => api.get<Session>("/session"), staleTime: 60_000 });
  if (query.data) setCsrfToken(query.data.csrf_token);
  return query;
}

const order = ["viewer", "marketer", "admin", "owner"];
export const mayWrite = (session: Session) => order.indexOf(session.role) >= 1;
export const mayAdminister = (session: Session) => order.indexOf(session.role) >= 2;
export const maySend = (session: Session) => mayWrite(session) && session.can_send;
