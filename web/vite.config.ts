import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // Relative addresses: the page works in any folder of any host.
  base: "./",
  build: { target: "es2022", modulePreload: { polyfill: false }, reportCompressedSize: true, assetsInlineLimit: 0 },
});
