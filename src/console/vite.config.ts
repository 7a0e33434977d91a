import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// `npm run dev` forwards the API to a running postrider (POSTRIDER, or where `postrider demo` listens).
const server = process.env.POSTRIDER ?? "http://127.0.0.1:8080";

// Libraries that look for the global object by evaluating text would be refused by the policy of the page: they are told its name.
const withoutEvaluation: Plugin = {
  name: "without-evaluation",
  transform: (code, id) => (id.includes("mjml-browser") ? code.replaceAll(/(?:new )?Function\("return this"\)\(\)/g, "globalThis") : undefined),
};

export default defineConfig({
  plugins: [react(), withoutEvaluation],
  build: {
    outDir: "dist",
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    rollupOptions: {
      output: {
        manualChunks: {
          framework: ["react", "react-dom", "react-router", "@tanstack/react-query"],
        },
      },
    },
  },
  // The Host header stays the page's own: the server refuses requests that come from another site.
  server: { proxy: { "/api": { target: server, changeOrigin: false } } },
});
