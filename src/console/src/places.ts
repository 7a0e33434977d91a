// Where one can go: the sidebar, the command palette and the keyboard sheet all read this.
import type { GlyphName } from "./kit/glyph";
import { t } from "./texts";

export interface Place {
  path: string;
  label: string;
  glyph: GlyphName;
  keys: string;
  admin?: boolean;
}

export const groups: { label?: string; places: Place[] }[] = [
  {
    places: [
      { path: "/", label: t("Home"), glyph: "home", keys: "g h" },
      { path: "/campaigns", label: t("Campaigns"), glyph: "send", keys: "g c" },
      { path: "/templates", label: t("Templates"), glyph: "page", keys: "g t" },
    ],
  },
  {
    label: t("Audience"),
    places: [
      { path: "/contacts", label: t("Contacts"), glyph: "people", keys: "g p" },
      { path: "/segments", label: t("Segments"), glyph: "filter", keys: "g s" },
      { path: "/imports", label: t("Imports"), glyph: "upload", keys: "g i" },
      { path: "/suppressions", label: t("Suppressions"), glyph: "stop", keys: "g x" },
    ],
  },
  {
    label: t("Delivery"),
    places: [
      { path: "/messages", label: t("Messages"), glyph: "mail", keys: "g m" },
      { path: "/events", label: t("Events"), glyph: "pulse", keys: "g e" },
      { path: "/senders", label: t("Senders & providers"), glyph: "plug", keys: "g d" },
    ],
  },
  {
    label: t("Workspace"),
    places: [
      { path: "/jobs", label: t("Jobs"), glyph: "stack", keys: "g j" },
      { path: "/audit", label: t("Audit"), glyph: "list", keys: "g a" },
      { path: "/team", label: t("Team & API keys"), glyph: "key", keys: "g k", admin: true },
      { path: "/settings", label: t("Settings"), glyph: "gear", keys: "g w" },
    ],
  },
];

export const places = groups.flatMap((group) => group.places);
