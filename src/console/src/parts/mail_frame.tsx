// A mail as it was rendered, in a frame that may run nothing: no scripts, no forms, no navigation, an origin of its own.
import { useState } from "react";

import { Segmented } from "../kit/controls";
import { useWidth } from "../kit/width";
import { t } from "../texts";

export interface Rendered {
  subject: string;
  html: string;
  text: string;
  warnings?: { code: string; message: string; line?: number; column?: number }[];
}

// What a mail has to itself on each; what does not fit is drawn smaller, as a whole, as mail clients do.
const widths = { phone: 390, tablet: 720, desktop: 720 } as const;
export type Device = keyof typeof widths;

// Mail clients of dark systems turn light mails dark roughly like this.
const dark = "<style>html{filter:invert(1) hue-rotate(180deg);background:#fff}img,video{filter:invert(1) hue-rotate(180deg)}</style>";

export function MailFrame({ mail, from, device = "desktop", darkMail, height = 560 }: { mail: Rendered; from?: string; device?: Device; darkMail?: boolean; height?: number }) {
  const [element, room] = useWidth();
  const width = device === "desktop" ? Math.max(widths.desktop, room) : widths[device];
  const scale = Math.min(1, room / width);
  return (
    <div className="device" style={{ maxWidth: device === "desktop" ? undefined : widths[device] }}>
      <div className="device-head">
        <div className="strong wrap" style={{ fontSize: 14 }} data-testid="preview-subject">{mail.subject || <span className="faint">{t("No subject")}</span>}</div>
        {from && <div className="muted wrap">{from}</div>}
      </div>
      <div ref={element} className="mail-room" style={{ height }}>
        <iframe className="mail-frame" sandbox="" title={t("Preview of the mail")} srcDoc={mail.html + (darkMail ? dark : "")} style={{ width, height: height / scale, transform: scale < 1 ? `scale(${scale})` : undefined }} />
      </div>
    </div>
  );
}

export function MailViews({ mail, from, height }: { mail: Rendered; from?: string; height?: number }) {
  const [view, setView] = useState<Device | "text">(() => (window.innerWidth < 600 ? "phone" : "desktop"));
  const [darkMail, setDark] = useState(false);
  return (
    <div className="stack tight">
      <div className="row wraps between">
        <Segmented label={t("View")} value={view} change={setView} choices={[{ value: "desktop", label: t("Desktop") }, { value: "tablet", label: t("Tablet") }, { value: "phone", label: t("Phone") }, { value: "text", label: t("Plain text") }]} />
        {view !== "text" && <Segmented label={t("Mail theme")} value={darkMail ? "dark" : "light"} change={(value) => setDark(value === "dark")} choices={[{ value: "light", label: t("Light") }, { value: "dark", label: t("Dark") }]} />}
      </div>
      {view === "text" ? <pre className="code" style={{ maxHeight: height ?? 620 }} tabIndex={0}>{mail.text}</pre> : <MailFrame mail={mail} from={from} device={view} darkMail={darkMail} height={height} />}
    </div>
  );
}
