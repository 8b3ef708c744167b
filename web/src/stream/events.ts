/**
 * The events of a turn, as the typed stream carries them (docs/wire.md).
 *
 *     start (progress | contextual | recall | notice | chunk)* (complete | error)
 */

import { StreamError } from "./errors";

export interface Part {
  type: "update" | "answer" | "text";
  text: string;
  stage?: string;
}

/** A saved message; `content` is what was shown: the texts of its parts, joined. */
export interface Message {
  messageId: string;
  role: "user" | "assistant";
  content: string;
  parts: Part[];
  status: "complete" | "partial";
  turnId: string;
  createdAt: string;
  messageTimestamp?: string;
}

export interface RecalledMemory {
  memoryId: string;
  snippet: string;
  score: number;
  source: string;
}

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  modelCalls: number;
  costUsd: number;
}

export interface Timings {
  totalMs: number;
  firstTokenMs?: number;
  routerMs?: number;
}

export interface Start {
  type: "start";
  turnId: string;
  conversationId: string;
  messageId: string;
}

export interface Progress {
  type: "progress";
  stage: string;
  message: string;
}

export interface Contextual {
  type: "contextual";
  stage: string;
  content: string;
}

export interface Recall {
  type: "recall";
  memories: RecalledMemory[];
}

export interface Chunk {
  type: "chunk";
  content: string;
}

export interface Notice {
  type: "notice";
  kind: "truncated" | "guardrail" | "fallback" | "safety" | (string & {});
  message: string;
}

export interface Complete {
  type: "complete";
  messageId: string;
  conversationId: string;
  userMessage?: Message;
  aiMessage: Message;
  stopReason: string;
  usage?: Usage;
  timings?: Timings;
}

export interface Failure {
  type: "error";
  code: string;
  message: string;
  retryable: boolean;
  turnId?: string;
  savedContent?: string;
}

export type TurnEvent = Start | Progress | Contextual | Recall | Chunk | Notice | Complete | Failure;

const KINDS = new Set(["start", "progress", "contextual", "recall", "chunk", "notice", "complete", "error"]);

/**
 * Returns the event that one `data` field holds, or undefined for a kind that a later version added.
 *
 * @throws {StreamError} it is no JSON
 */
export function parseEvent(data: string): TurnEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw new StreamError("The service said something that cannot be read.", { cause: error });
  }
  if (typeof value !== "object" || value === null || !("type" in value)) return undefined;
  return KINDS.has(String(value.type)) ? (value as TurnEvent) : undefined;
}

export function isTerminal(event: TurnEvent): event is Complete | Failure {
  return event.type === "complete" || event.type === "error";
}
