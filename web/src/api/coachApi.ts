/** The service's plain routes: everything but the streams. */

import { requestJson, type Access } from "../stream";
import type {
  Coach,
  CoachConfig,
  CoachPage,
  Conversation,
  ConversationPage,
  ExportPage,
  HistoryPage,
  Memory,
  MemoryPage,
  WorkoutPage,
} from "./types";

export class CoachApi {
  private readonly access: Access;
  private readonly user: string;

  constructor(access: Access, userId: string) {
    this.access = access;
    this.user = `/users/${userId}`;
  }

  conversations(coachId: string, before?: string): Promise<ConversationPage> {
    return this.get(`${this.conversationsOf(coachId)}${query({ before })}`);
  }

  createConversation(coachId: string): Promise<{ conversationId: string }> {
    return requestJson(this.access, this.conversationsOf(coachId), { method: "POST" });
  }

  conversation(coachId: string, id: string): Promise<Conversation> {
    return this.get(`${this.conversationsOf(coachId)}/${id}`);
  }

  deleteConversation(coachId: string, id: string): Promise<void> {
    return requestJson(this.access, `${this.conversationsOf(coachId)}/${id}`, { method: "DELETE" });
  }

  messages(coachId: string, id: string, page: { before?: string | undefined; limit: number }): Promise<HistoryPage> {
    return this.get(`${this.conversationsOf(coachId)}/${id}/messages${query(page)}`);
  }

  coaches(after?: string): Promise<CoachPage> {
    return this.get(`${this.user}/coaches${query({ after })}`);
  }

  coach(coachId: string): Promise<Coach> {
    return this.get(`${this.user}/coaches/${coachId}`);
  }

  saveCoach(coachId: string, config: CoachConfig): Promise<Coach> {
    return requestJson(this.access, `${this.user}/coaches/${coachId}`, { method: "PUT", body: config });
  }

  memories(before?: string): Promise<MemoryPage> {
    return this.get(`${this.user}/memories${query({ before })}`);
  }

  correctMemory(id: string, change: Partial<Pick<Memory, "content" | "type" | "importance">>): Promise<Memory> {
    return requestJson(this.access, `${this.user}/memories/${id}`, { method: "PATCH", body: change });
  }

  forgetMemory(id: string): Promise<void> {
    return requestJson(this.access, `${this.user}/memories/${id}`, { method: "DELETE" });
  }

  workouts(before?: string): Promise<WorkoutPage> {
    return this.get(`${this.user}/workouts${query({ before })}`);
  }

  deleteWorkout(id: string): Promise<void> {
    return requestJson(this.access, `${this.user}/workouts/${id}`, { method: "DELETE" });
  }

  exported(after?: string): Promise<ExportPage> {
    return this.get(`${this.user}/export${query({ after, limit: 100 })}`);
  }

  /** All that is kept of the person; it may go on for a while after this. */
  deleteEverything(): Promise<unknown> {
    return requestJson(this.access, `${this.user}/data`, { method: "DELETE" });
  }

  private conversationsOf(coachId: string): string {
    return `${this.user}/coaches/${coachId}/conversations`;
  }

  private get<T>(path: string): Promise<T> {
    return requestJson(this.access, path);
  }
}

function query(values: Record<string, string | number | undefined>): string {
  const given = Object.entries(values).filter((pair): pair is [string, string | number] => pair[1] !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
