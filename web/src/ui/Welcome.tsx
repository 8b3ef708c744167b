import type { ReactNode } from "react";
import { Mark } from "./Mark";

const BEGINNINGS = [
  { title: "Plan my week", text: "Plan my training week: three days, about an hour each." },
  { title: "Warm up well", text: "How should I warm up for heavy squats?" },
  { title: "Log a session", text: "/log-workout Bench press 3x5 at 80 kg, felt like an 8" },
  { title: "Remember this", text: "Please remember that I train before work, at six." },
];

interface Props {
  coachName: string;
  onPick(text: string): void;
}

export function Welcome({ coachName, onPick }: Props): ReactNode {
  return (
    <div className="blank welcome">
      <Mark />
      <h2>{greeting(new Date().getHours())}</h2>
      <p dir="auto">What would you like to work on with {coachName}?</p>
      <ul className="beginnings">
        {BEGINNINGS.map(({ title, text }) => (
          <li key={title}>
            <button type="button" onClick={() => onPick(text)}>
              <strong>{title}</strong>
              <span>{text}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function greeting(hour: number): string {
  if (hour < 5) return "Still up?";
  if (hour < 12) return "Good morning.";
  return hour < 18 ? "Good afternoon." : "Good evening.";
}
