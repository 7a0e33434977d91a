// Every page and its address. Pages are loaded when they are first opened.
import { createBrowserRouter, Navigate } from "react-router";

import { Shell } from "./shell";
import { SignIn } from "./pages/sign_in";
import { RouteProblem } from "./parts/problem";

type Page = { default: React.ComponentType };
const lazy = (load: () => Promise<Page>) => async () => ({ Component: (await load()).default });

export const router = createBrowserRouter([
  { path: "/sign-in", element: <SignIn /> },
  {
    element: <Shell />,
    errorElement: <RouteProblem />,
    children: [
      { index: true, lazy: lazy(() => import("./pages/home")) },
      { path: "contacts", lazy: lazy(() => import("./pages/contacts")) },
      { path: "contacts/:id", lazy: lazy(() => import("./pages/contact")) },
      { path: "imports", lazy: lazy(() => import("./pages/imports")) },
      { path: "imports/:id", lazy: lazy(() => import("./pages/import")) },
      { path: "segments", lazy: lazy(() => import("./pages/segments")) },
      { path: "segments/:id", lazy: lazy(() => import("./pages/segment")) },
      { path: "templates", lazy: lazy(() => import("./pages/templates")) },
      { path: "templates/:id", lazy: lazy(() => import("./pages/template")) },
      { path: "*", element: <Navigate to="/" replace /> },
    ],
  },
]);
