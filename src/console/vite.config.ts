import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` forwards the API to a running postrider (POSTRIDER, or where `postrider demo` listens).
const server = process.env.POSTRIDER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
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
