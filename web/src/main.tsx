import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./ui/App";
import { followShownHeight } from "./ui/shownHeight";
import { applyTheme } from "./ui/theme";
import "./styles/index.css";

applyTheme();
followShownHeight();

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
