// The pages under the shell, and what is shown when one cannot be.
import { createBrowserRouter, RouterProvider, useRouteError } from "react-router";

import { Questions } from "./kit/layers";
import { Empty, Problem } from "./kit/page";
import { Button } from "./kit/controls";
import { Toasts } from "./kit/toast";
import { loaders } from "./loaders";
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
          ...Object.entries(loaders).map(([path, load]) => (path === "/" ? { index: true as const, lazy: lazy(load) } : { path: path.slice(1), lazy: lazy(load) })),
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
