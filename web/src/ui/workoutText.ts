/** Sets and loads, in few words. */

import type { Exercise, ExerciseSet } from "../api/types";

/** Returns `3 × 5 · 80 kg` where all sets are alike, else set by set. */
export function setsOf({ sets }: Exercise): string {
  const first = sets[0];
  if (first === undefined) return "";
  const alike = sets.every((one) => setText(one) === setText(first));
  if (!alike) return sets.map(setText).join(", ");
  const load = loadText(first);
  const reps = first.reps === undefined ? `${sets.length} sets` : `${sets.length} × ${first.reps}`;
  return load === "" ? reps : `${reps} · ${load}`;
}

function setText(set: ExerciseSet): string {
  const load = loadText(set);
  if (set.reps === undefined) return load;
  return load === "" ? String(set.reps) : `${set.reps} × ${load}`;
}

function loadText({ load }: ExerciseSet): string {
  if (load === undefined) return "";
  return load.unit === "bodyweight" ? "bodyweight" : `${number(load.value)} ${load.unit}`;
}

export function number(value: number): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: 2 });
}
