/** What a conversation shows, line by line. Lines are values: a change makes a new one under the same key. */

import type { Failure, Message, Notice, Part, RecalledMemory, Said } from "../stream";
import type { Besides } from "./kept";

/** Why something did not work, in words for the person. */
export interface Problem {
  code: string;
  text: string;
  retryable: boolean;
}

export interface PersonLine {
  kind: "person";
  key: string;
  messageId?: string;
  text: string;
  at: string;
  state: "sending" | "saved" | "unsent";
  /** What to send again; only of messages that were said on this page. */
  said?: Said;
  problem?: Problem;
}

export interface CoachLine {
  kind: "coach";
  key: string;
  messageId: string;
  turnId: string;
  parts: readonly Part[];
  at: string;
  state: "writing" | "complete" | "partial";
  recalled: readonly RecalledMemory[];
  notices: readonly Notice[];
  problem?: Problem;
}

export type Line = PersonLine | CoachLine;

export function lineOf(message: Message, besides: Besides | undefined): Line {
  const { messageId, turnId, parts, content, status } = message;
  const at = message.messageTimestamp ?? message.createdAt;
  if (message.role === "user") return { kind: "person", key: messageId, messageId, text: content, at, state: "saved" };
  const { recalled = [], notices = [] } = besides ?? {};
  return { kind: "coach", key: messageId, messageId, turnId, parts, at, state: status, recalled, notices };
}

export function personLine(said: Said, state: PersonLine["state"]): PersonLine {
  return { kind: "person", key: said.clientMessageId, text: said.text, at: said.sentAt, state, said };
}

/** Returns `parts` with what an event adds: pieces of the answer grow together, asides stay apart. */
export function grown(parts: readonly Part[], added: Part): readonly Part[] {
  const last = parts.at(-1);
  if (added.type === "answer" && last?.type === "answer") {
    return [...parts.slice(0, -1), { ...last, text: last.text + added.text }];
  }
  return [...parts, added];
}

export function textOf(parts: readonly Part[]): string {
  return parts.map((part) => part.text).join("");
}

/** Returns the answer alone, without the asides. */
export function answerOf(parts: readonly Part[]): string {
  return textOf(parts.filter((part) => part.type !== "update"));
}

/** Returns what to show of an answer that broke off: what was kept, where that is known and differs. */
export function afterFailure(parts: readonly Part[], failure: Failure): readonly Part[] {
  const shown = textOf(parts);
  const saved = failure.savedContent;
  if (saved === undefined || saved === shown || shown.startsWith(saved)) return parts;
  if (saved.startsWith(shown)) return grown(parts, { type: "answer", text: saved.slice(shown.length) });
  return [{ type: "answer", text: saved }];
}
