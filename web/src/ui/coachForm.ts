/** A coach's configuration, as its form holds it. */

import type { CoachConfig } from "../api/types";

const MAX_LINES = 20;
const MAX_LINE = 200;

/** Returns what the service would not take, in words for the person; empty where all is well. */
export function refusalOf({ specialities, goals, limits }: CoachConfig): string {
  for (const [label, lines] of Object.entries({ Specialities: specialities, "Your goals": goals, Limits: limits })) {
    if (lines.length > MAX_LINES) return `${label}: ${MAX_LINES} lines at most, please. These are ${lines.length}.`;
    const long = lines.find((line) => line.length > MAX_LINE);
    if (long !== undefined) return `${label}: a line may have ${MAX_LINE} characters. “${long.slice(0, 24)}…” has ${long.length}.`;
  }
  return "";
}

export function configIn(form: FormData): CoachConfig {
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const lines = (name: string): string[] =>
    text(name)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  return {
    name: text("name"),
    persona: text("persona"),
    style: text("style"),
    specialities: lines("specialities"),
    goals: lines("goals"),
    limits: lines("limits"),
  };
}
