/** What the coaches remember of a person: memories and workouts. */

import type { CoachApi } from "../api/coachApi";
import type { Memory, Workout } from "../api/types";
import { Store } from "../thread/store";

/** Both are kept behind the turn, by a worker: these are the moments to look whether it has come. */
const LOOKS_MS = [1_200, 3_500, 8_000];
const LOGGING = /^\/log-workout\b/;
const TELLING = new Set(["workout_analysis", "memory_analysis"]);

export interface Kinds {
  memories: readonly Memory[];
  moreMemories?: string | undefined;
  workouts: readonly Workout[];
  moreWorkouts?: string | undefined;
  loaded: boolean;
}

export interface EndedTurn {
  turnId: string;
  asides: readonly string[];
  text: string;
}

export class Keepsakes {
  readonly state = new Store<Kinds>({ memories: [], workouts: [], loaded: false });
  private readonly api: CoachApi;
  private timers: ReturnType<typeof setTimeout>[] = [];

  constructor(api: CoachApi) {
    this.api = api;
  }

  async refresh(): Promise<void> {
    const [memories, workouts] = await Promise.all([this.api.memories(), this.api.workouts()]);
    this.state.set({
      memories: memories.memories,
      moreMemories: memories.cursor,
      workouts: workouts.workouts,
      moreWorkouts: workouts.cursor,
      loaded: true,
    });
  }

  /** Look again for a while after a turn; longer after one that was likely to leave something. */
  lookAfter({ turnId, asides, text }: EndedTurn): void {
    const likely = LOGGING.test(text) || asides.some((stage) => TELLING.has(stage));
    for (const timer of this.timers) clearTimeout(timer);
    const looks = likely ? LOOKS_MS : LOOKS_MS.slice(1, 2);
    this.timers = looks.map((ms) => setTimeout(() => void this.look(turnId), ms));
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  async correct(id: string, content: string): Promise<void> {
    const changed = await this.api.correctMemory(id, { content });
    const memories = this.state.get().memories.map((one) => (one.memoryId === id ? changed : one));
    this.state.update({ memories });
  }

  async forget(id: string): Promise<void> {
    await this.api.forgetMemory(id);
    this.state.update({ memories: this.state.get().memories.filter((one) => one.memoryId !== id) });
  }

  async deleteWorkout(id: string): Promise<void> {
    await this.api.deleteWorkout(id);
    this.state.update({ workouts: this.state.get().workouts.filter((one) => one.workoutId !== id) });
  }

  async more(kind: "memories" | "workouts"): Promise<void> {
    const { memories, moreMemories, workouts, moreWorkouts } = this.state.get();
    if (kind === "memories") {
      const page = await this.api.memories(moreMemories);
      this.state.update({ memories: [...memories, ...page.memories], moreMemories: page.cursor });
    } else {
      const page = await this.api.workouts(moreWorkouts);
      this.state.update({ workouts: [...workouts, ...page.workouts], moreWorkouts: page.cursor });
    }
  }

  private async look(turnId: string): Promise<void> {
    const { memories, workouts } = this.state.get();
    if ([...memories, ...workouts].some((one) => one.turnId === turnId)) return;
    if (navigator.onLine) await this.refresh().catch(() => undefined);
  }
}
