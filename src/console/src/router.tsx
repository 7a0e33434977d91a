// Every page and its address. Pages are loaded when they are first opened.
import { createBrowserRouter, RouterProvider, useRouteError } from "react-router";

import { Questions } from "./kit/layers";
import { Empty, Problem } from "./kit/page";
import { Button } from "./kit/controls";
import { Toasts } from "./kit/toast";
import SignIn from "./pages/sign_in";
import { Shell } from "./shell";
import { t } from "./texts";

type PageModule = { default: React.ComponentType };
const lazy = (load: () => Promise<PageModule>) => async () => ({ Component: (await load()).default });

// After an upgrade of the server the old pages are gone: read the new ones, once.
function Broken() {
  const error = useRouteError();
  const stale = error instanceof TypeError && /dynamically imported|module script|Importing/i.test(error.message);
  if (stale && !sessionStorage.getItem("postrider-reloaded")) {
    sessionStorage.setItem("postrider-reloaded", "1");
    window.location.reload();
  }
  return <div className="page" style={{ paddingTop: 32 }}><Problem error={error} again={() => window.location.reload()} /></div>;
}

function Nowhere() {
  return <div className="page"><Empty icon="search" title={t("There is no such page")} action={<Button to="/">{t("Go home")}</Button>}>{t("The address may be mistyped, or the page has moved.")}</Empty></div>;
}

const Nothing = () => null;

const router = createBrowserRouter([
  { path: "/sign-in", element: <SignIn />, errorElement: <Broken /> },
  { path: "/set-up", lazy: lazy(() => import("./pages/set_up")), HydrateFallback: Nothing, errorElement: <Broken /> },
  {
    element: <Shell />,
    HydrateFallback: Nothing,
    errorElement: <Broken />,
    children: [
      {
        errorElement: <Broken />,
        children: [
          { index: true, lazy: lazy(() => import("./pages/home")) },
          { path: "campaigns", lazy: lazy(() => import("./pages/campaigns")) },
          { path: "campaigns/:id", lazy: lazy(() => import("./pages/campaign")) },
          { path: "contacts", lazy: lazy(() => import("./pages/contacts")) },
          { path: "contacts/:id", lazy: lazy(() => import("./pages/contact")) },
          { path: "imports", lazy: lazy(() => import("./pages/imports")) },
          { path: "imports/:id", lazy: lazy(() => import("./pages/import")) },
          { path: "segments", lazy: lazy(() => import("./pages/segments")) },
          { path: "segments/:id", lazy: lazy(() => import("./pages/segment")) },
          { path: "templates", lazy: lazy(() => import("./pages/templates")) },
          { path: "templates/:id", lazy: lazy(() => import("./pages/template")) },
          { path: "messages", lazy: lazy(() => import("./pages/messages")) },
          { path: "messages/:id", lazy: lazy(() => import("./pages/message")) },
          { path: "suppressions", lazy: lazy(() => import("./pages/suppressions")) },
          { path: "events", lazy: lazy(() => import("./pages/events")) },
          { path: "senders", lazy: lazy(() => import("./pages/senders")) },
          { path: "jobs", lazy: lazy(() => import("./pages/jobs")) },
          { path: "audit", lazy: lazy(() => import("./pages/audit")) },
          { path: "team", lazy: lazy(() => import("./pages/team")) },
          { path: "settings", lazy: lazy(() => import("./pages/settings")) },
          { path: "*", element: <Nowhere /> },
        ],
      },
    ],
  },
]);

export function Console() {
  return (
    <>
      <RouterProvider router={router} />
      <Questions />
      <Toasts />
    </>
  );
}
