/** Dark or light: as the system says, until the person says otherwise. */

import { Store } from "../thread/store";
import { read, write } from "../thread/kept";

export type Theme = "system" | "light" | "dark";

const KEY = "stream-coach.theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];

export const theme = new Store<Theme>(known(read<Theme>(localStorage, KEY)));

export function applyTheme(): void {
  const chosen = theme.get();
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
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
