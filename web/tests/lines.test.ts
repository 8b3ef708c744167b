import { describe, expect, it } from "vitest";
import type { Failure } from "../src/stream";
import { afterFailure, answerOf, grown, textOf } from "../src/thread/lines";
import { configIn } from "../src/ui/coachForm";
import { setsOf } from "../src/ui/workoutText";
import { dayGroup } from "../src/ui/times";

const failure = (savedContent?: string): Failure => ({
  type: "error",
  code: "CANCELLED",
  message: "",
  retryable: false,
  ...(savedContent === undefined ? {} : { savedContent }),
});
const GREETING = { type: "update", stage: "initial_greeting", text: "Hi.\n" } as const;
const HALF = [GREETING, { type: "answer", text: "Twi" } as const];

describe("the parts of an answer", () => {
  it("grow by deltas, and asides stay apart", () => {
    const parts = grown(grown([GREETING], { type: "answer", text: "Tw" }), { type: "answer", text: "i" });
    expect(parts).toEqual(HALF);
    expect([textOf(parts), answerOf(parts)]).toEqual(["Hi.\nTwi", "Twi"]);
  });

  it("are what was kept, when the answer broke off", () => {
    expect(afterFailure(HALF, failure("Hi.\nTwice."))).toEqual([GREETING, { type: "answer", text: "Twice." }]);
    expect(afterFailure(HALF, failure("Hi.\nT"))).toBe(HALF);
    expect(afterFailure(HALF, failure())).toBe(HALF);
    expect(afterFailure(HALF, failure("Other"))).toEqual([{ type: "answer", text: "Other" }]);
  });
});

describe("small words", () => {
  it("tell sets that are alike in one", () => {
    const set = { reps: 5, load: { value: 80, unit: "kg" as const } };
    expect(setsOf({ name: "squat", sets: [set, set, set] })).toBe("3 × 5 · 80 kg");
    expect(setsOf({ name: "squat", sets: [set, { ...set, reps: 3 }] })).toBe("5 × 80 kg, 3 × 80 kg");
    expect(setsOf({ name: "pull-up", sets: [{ reps: 8, load: { value: 0, unit: "bodyweight" } }] })).toBe(
      "1 × 8 · bodyweight",
    );
    expect(setsOf({ name: "plank", sets: [] })).toBe("");
  });

  it("name the days by the reader's calendar", () => {
    const now = new Date(2026, 10, 21, 0, 30);
    expect(dayGroup(new Date(2026, 10, 21, 0, 1).toISOString(), now)).toBe("Today");
    expect(dayGroup(new Date(2026, 10, 20, 23, 59).toISOString(), now)).toBe("Yesterday");
    expect(dayGroup(new Date(2026, 10, 17).toISOString(), now)).toBe("This week");
    expect(dayGroup(new Date(2026, 9, 1).toISOString(), now)).toBe("Earlier");
  });

  it("are taken from a form line by line", () => {
    const form = new FormData();
    form.set("name", " Mira ");
    form.set("goals", "one\n\n two \n");
    expect(configIn(form)).toMatchObject({ name: "Mira", goals: ["one", "two"], limits: [] });
  });
});
