import "@fontsource-variable/inter/wght.css";
import "./console.css";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { ApiError } from "./api";
import { loadLanguage } from "./texts";
import { applyTheme } from "./theme";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      // Refusals stay refusals; only what may pass by itself is tried again.
      retry: (failures, error) => failures < 3 && error instanceof ApiError && (error.status === 0 || error.status === 503),
    },
  },
});

applyTheme();
await loadLanguage(navigator.languages);
// After the language: pages and places read their texts when they are loaded.
const { Console } = await import("./router");
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Console />
    </QueryClientProvider>
  </StrictMode>,
);
