/** The JSON of the service, as docs/openapi.json describes it. */

import type { Message } from "../stream";

export interface Conversation {
  conversationId: string;
  coachId: string;
  messageCount: number;
  createdAt: string;
  lastActivityAt: string;
  activeTurnId?: string;
}

export interface Coach {
  coachId: string;
  name: string;
  persona: string;
  specialities: string[];
  style: string;
  goals: string[];
  limits: string[];
}

export type CoachConfig = Omit<Coach, "coachId">;

export type MemoryType = "preference" | "goal" | "constraint" | "instruction" | "other";

export interface Memory {
  memoryId: string;
  content: string;
  type: MemoryType;
  importance: "low" | "medium" | "high";
  isCoachSpecific: boolean;
  tags: string[];
  coachId: string;
  turnId: string;
  createdAt: string;
  updatedAt: string;
}

export interface ExerciseSet {
  reps?: number;
  load?: { value: number; unit: "kg" | "lb" | "bodyweight" };
}

export interface Exercise {
  name: string;
  sets: ExerciseSet[];
}

export interface Workout {
  workoutId: string;
  completedAt: string;
  loggedAt: string;
  coachId: string;
  turnId: string;
  discipline: string;
  exercises: Exercise[];
  distance?: { value: number; unit: string };
  durationMinutes?: number;
  rpe?: number;
  notes: string;
}

export interface CoachPage {
  coaches: Coach[];
  next?: string;
}

/** One thing that is kept of a person, as it is exported. */
export type ExportedRecord = { kind: string } & Record<string, unknown>;

export interface ExportPage {
  records: ExportedRecord[];
  next?: string;
}

export interface ConversationPage {
  conversations: Conversation[];
  cursor?: string;
}

export interface HistoryPage {
  messages: Message[];
  cursor?: string;
}

export interface MemoryPage {
  memories: Memory[];
  cursor?: string;
}

export interface WorkoutPage {
  workouts: Workout[];
  cursor?: string;
}
