/** A coach's configuration, as its form holds it. */

import type { CoachConfig } from "../api/types";

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
