// Every page and its address. A page is loaded when it is opened, or a moment before: when its link is pointed at or reached by keyboard.
type PageModule = { default: React.ComponentType };

export const loaders: Record<string, () => Promise<PageModule>> = {
  "/": () => import("./pages/home"),
  "/campaigns": () => import("./pages/campaigns"),
  "/campaigns/:id": () => import("./pages/campaign"),
  "/contacts": () => import("./pages/contacts"),
  "/contacts/:id": () => import("./pages/contact"),
  "/imports": () => import("./pages/imports"),
  "/imports/:id": () => import("./pages/import"),
  "/segments": () => import("./pages/segments"),
  "/segments/:id": () => import("./pages/segment"),
  "/templates": () => import("./pages/templates"),
  "/templates/:id": () => import("./pages/template"),
  "/messages": () => import("./pages/messages"),
  "/messages/:id": () => import("./pages/message"),
  "/suppressions": () => import("./pages/suppressions"),
  "/events": () => import("./pages/events"),
  "/senders": () => import("./pages/senders"),
  "/jobs": () => import("./pages/jobs"),
  "/audit": () => import("./pages/audit"),
  "/team": () => import("./pages/team"),
  "/settings": () => import("./pages/settings"),
};

// Fails silently: whoever goes there is told then.
export const warm = (path: string) => void loaders[path]?.().catch(() => undefined);
