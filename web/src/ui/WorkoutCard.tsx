import { useRef, useState, type ReactNode } from "react";
import { flushSync } from "react-dom";
import type { Workout } from "../api/types";
import { Asking } from "./Asking";
import { Icon } from "./icons";
import { shortDay } from "./times";
import { number, setsOf } from "./workoutText";

interface Props {
  workout: Workout;
  onDelete?: (() => Promise<void>) | undefined;
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
  const [asking, setAsking] = useState(false);
  const trash = useRef<HTMLButtonElement>(null);
  const keep = (): void => {
    flushSync(() => setAsking(false));
    trash.current?.focus();
  };
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
        {onDelete && !asking && (
          <button
            type="button"
            className="quiet square"
            aria-label={`Delete the ${name} session of ${shortDay(completedAt)}`}
            title="Delete"
            ref={trash}
            onClick={() => setAsking(true)}
          >
            <Icon name="trash" />
          </button>
        )}
      </header>
      {onDelete && asking && (
        <Asking question="Delete this session for good?" action="Yes, delete" onYes={onDelete} onNo={keep} />
      )}
      {exercises.length > 0 && (
        <ul className="exercises">
          {exercises.map((exercise, index) => (
            <li key={index}>
              <span dir="auto">{exercise.name}</span>
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
      {exercises.length === 0 && facts.length === 0 && notes !== "" && <p className="hint" dir="auto">{notes}</p>}
    </section>
  );
}
