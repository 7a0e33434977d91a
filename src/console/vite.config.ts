import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server of `npm run dev` forwards the API to a postrider started with `postrider demo`.
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
          kit: ["@mantine/core", "@mantine/hooks"],
        },
      },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
