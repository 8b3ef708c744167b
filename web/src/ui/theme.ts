/** Dark or light: as the system says, until the person says otherwise. */

import { Store } from "../thread/store";
import { read, write } from "../thread/kept";

export type Theme = "system" | "light" | "dark";

const KEY = "stream-coach.theme";
const FRAME = { light: "#faf8f4", dark: "#121412" };
const ORDER: readonly Theme[] = ["system", "light", "dark"];

export const theme = new Store<Theme>(known(read<Theme>(localStorage, KEY)));

export function applyTheme(): void {
  const chosen = theme.get();
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  // The browser's own frame goes with it: the meta tag of a scheme counts where its media query holds.
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
    const scheme = meta.media.includes("dark") ? "dark" : "light";
    meta.content = FRAME[chosen === "system" ? scheme : chosen];
  }
}

export function nextTheme(): void {
  const next = ORDER[(ORDER.indexOf(theme.get()) + 1) % ORDER.length] ?? "system";
  theme.set(next);
  write(localStorage, KEY, next === "system" ? undefined : next);
  applyTheme();
}

function known(value: Theme | undefined): Theme {
  return value !== undefined && ORDER.includes(value) ? value : "system";
}
