import type { ReactNode } from "react";
import type { Exercise, ExerciseSet, Workout } from "../api/types";
import { Icon } from "./icons";
import { shortDay } from "./times";

interface Props {
  workout: Workout;
  onDelete?: (() => void) | undefined;
}

const NAMES: Record<string, string> = {
  strength: "Strength",
  cardio: "Cardio",
  flexibility: "Mobility",
  skill: "Skill",
  competition: "Competition",
  recovery: "Recovery",
  hybrid: "Mixed",
};

export function WorkoutCard({ workout, onDelete }: Props): ReactNode {
  const { discipline, exercises, completedAt, distance, durationMinutes, rpe, notes } = workout;
  const name = NAMES[discipline] ?? discipline;
  const facts = [
    distance && { label: "Distance", value: `${number(distance.value)} ${distance.unit}` },
    durationMinutes !== undefined && { label: "Time", value: `${number(durationMinutes)} min` },
    rpe !== undefined && { label: "Effort", value: `${number(rpe)} of 10` },
  ].filter((fact) => typeof fact === "object");
  return (
    <section className="workout" aria-label={`${name} session, ${shortDay(completedAt)}`}>
      <header>
        <Icon name={discipline === "cardio" ? "run" : "dumbbell"} />
        <p className="workout-name">{name} session</p>
        <time dateTime={completedAt}>{shortDay(completedAt)}</time>
        {onDelete && (
          <button type="button" className="quiet square" aria-label={`Delete the ${name} session of ${shortDay(completedAt)}`} onClick={onDelete}>
            <Icon name="trash" />
          </button>
        )}
      </header>
      {exercises.length > 0 && (
        <ul className="exercises">
          {exercises.map((exercise, index) => (
            <li key={index}>
              <span>{exercise.name}</span>
              <span className="sets">{setsOf(exercise)}</span>
            </li>
          ))}
        </ul>
      )}
      {facts.length > 0 && (
        <dl className="facts">
          {facts.map(({ label, value }) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {exercises.length === 0 && facts.length === 0 && notes !== "" && <p className="hint">{notes}</p>}
    </section>
  );
}

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

function number(value: number): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: 2 });
}
