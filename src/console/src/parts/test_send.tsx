// Sends one mail as a test, to one's own address by default.
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api, ApiError } from "../api";
import { Button, TextField } from "../kit/controls";
import { Dialog } from "../kit/layers";
import type { Item } from "../kit/picker";
import { Problem } from "../kit/page";
import { say } from "../kit/toast";
import { mayWrite, useSession } from "../session";
import { t } from "../texts";
import { ContactPicker } from "./pickers";
import { useRoutes } from "./routes";

export function TestSend({ templateId, senderId, contact, before }: { templateId: string; senderId?: string | null; contact?: Item; before?: () => Promise<unknown> }) {
  const session = useSession();
  const routes = useRoutes();
  const [open, setOpen] = useState(false);
  const [to, setTo] = useState(session.email);
  const [chosen, setChosen] = useState<Item[]>(contact ? [contact] : []);
  const send = useMutation({
    mutationFn: async () => {
      await before?.();
      return api.post(`/templates/${templateId}/test-send`, { to, ...(chosen[0] && { contact_id: chosen[0].value }), ...(senderId && { sender_id: senderId }) });
    },
    onSuccess: () => {
      setOpen(false);
      say(t("Test sent to {address}", { address: to }));
    },
  });
  if (!mayWrite(session) || !routes.has("POST", "/templates/{id}/test-send")) return null;
  const problem = send.error instanceof ApiError ? send.error : null;
  return (
    <>
      <Button small icon="send" onClick={() => { setChosen(contact ? [contact] : []); setOpen(true); }}>{t("Send a test")}</Button>
      <Dialog open={open} close={() => setOpen(false)} title={t("Send a test")} foot={<><Button onClick={() => setOpen(false)}>{t("Cancel")}</Button><Button look="primary" type="submit" form="test-send" busy={send.isPending}>{t("Send")}</Button></>}>
        <form id="test-send" className="stack" onSubmit={(event) => { event.preventDefault(); send.mutate(); }}>
          {send.isError && !problem?.field("to") && <Problem error={send.error} />}
          <TextField label={t("To")} type="email" required value={to} change={setTo} error={problem?.field("to")} />
          <ContactPicker label={t("As it would look for")} hint={t("Empty: a made-up contact.")} chosen={chosen} change={setChosen} placeholder={t("Find a contact…")} />
        </form>
      </Dialog>
    </>
  );
}
