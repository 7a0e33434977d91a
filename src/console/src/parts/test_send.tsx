// Sends one mail as a test, to one's own address by default.
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api, ApiError } from "../api";
import { words } from "../format";
import { Button, TextField } from "../kit/controls";
import { Dialog } from "../kit/layers";
import type { Item } from "../kit/picker";
import { Notice, Problem } from "../kit/page";
import { say } from "../kit/toast";
import { mayWrite, useSession } from "../session";
import { t } from "../texts";
import { ContactPicker } from "./pickers";
import { useRoutes } from "./routes";

interface Answer {
  queued: number;
  refused: number;
  items: { to: string; status: string; reason: string | null; detail: string | null }[];
}

// `content` stands in for what is saved.
export function TestSend({ templateId, senderId, contact, content }: { templateId: string; senderId?: string | null; contact?: Item; content?: object }) {
  const session = useSession();
  const routes = useRoutes();
  const [open, setOpen] = useState(false);
  const [to, setTo] = useState(session.email);
  const [why, setWhy] = useState<string | null>(null);
  const [chosen, setChosen] = useState<Item[]>(contact ? [contact] : []);
  const send = useMutation({
    mutationFn: () => api.post<Answer>(`/templates/${templateId}/test-send`, { ...content, to, ...(chosen[0] && { contact_id: chosen[0].value }), ...(senderId && { sender_id: senderId }) }),
    onSuccess: (answer) => {
      const refused = answer.items.find((item) => item.reason || item.detail);
      if (answer.queued > 0) {
        setOpen(false);
        say(t("A test is on its way to {address}", { address: to }));
      } else if (refused) setWhy(refused.detail ?? words(refused.reason ?? ""));
    },
  });
  if (!mayWrite(session) || !routes.has("POST", "/templates/{id}/test-send")) return null;
  const problem = send.error instanceof ApiError ? send.error : null;
  return (
    <>
      <Button small icon="send" onClick={() => { setChosen(contact ? [contact] : []); setWhy(null); setOpen(true); }}>{t("Send a test")}</Button>
      <Dialog open={open} close={() => setOpen(false)} title={t("Send a test")} foot={<><Button onClick={() => setOpen(false)}>{t("Cancel")}</Button><Button look="primary" type="submit" form="test-send" busy={send.isPending}>{t("Send")}</Button></>}>
        <form id="test-send" className="stack" onSubmit={(event) => { event.preventDefault(); send.mutate(); }}>
          {send.isError && !problem?.field("to") && <Problem error={send.error} />}
          {why && <Notice tone="yellow" title={t("Not sent")}>{why}</Notice>}
          <TextField label={t("To")} type="email" required value={to} change={setTo} error={problem?.field("to")} />
          <ContactPicker label={t("As it would look for")} hint={t("Empty: a made-up contact.")} chosen={chosen} change={setChosen} placeholder={t("Find a contact…")} />
        </form>
      </Dialog>
    </>
  );
}
