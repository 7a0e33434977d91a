import { Page } from "../kit/page";
import { MessagesTable } from "../parts/messages_table";
import { t } from "../texts";

export default function Messages() {
  return <Page title={t("Messages")}><MessagesTable /></Page>;
}
