import type { ReactNode } from "react";
import type { Workout } from "../api/types";
import { Icon } from "./icons";
import { shortDay } from "./times";
import { number, setsOf } from "./workoutText";

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
