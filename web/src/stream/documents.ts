/** A turn that came as one document, told in the events that it would have streamed. */

import type { Complete, Failure, Message, Timings, TurnEvent, Usage } from "./events";
import type { TurnState } from "./types";

/** What `POST …/messages` answers. */
export interface Answered {
  turnId: string;
  messageId: string;
  conversationId: string;
  userMessage?: Message;
  aiMessage: Message;
  stopReason: string;
  usage?: Usage;
  timings?: Timings;
}

export function* asEvents(answered: Answered): Generator<TurnEvent> {
  const { turnId, conversationId, messageId, aiMessage } = answered;
  yield { type: "start", turnId, conversationId, messageId };
  for (const part of aiMessage.parts) {
    if (part.type === "update") yield { type: "contextual", stage: part.stage ?? "", content: part.text };
    else yield { type: "chunk", content: part.text };
  }
  yield { ...answered, type: "complete" };
}

export function completeOf(state: TurnState): Complete | undefined {
  if (state.status !== "completed" || state.aiMessage === undefined) return undefined;
  return {
    type: "complete",
    messageId: state.aiMessage.messageId,
    conversationId: state.conversationId,
    aiMessage: state.aiMessage,
    stopReason: state.stopReason ?? "end_turn",
    ...(state.usage ? { usage: state.usage } : {}),
    ...(state.timings ? { timings: state.timings } : {}),
  };
}

export function failureOf(state: TurnState): Failure | undefined {
  if (state.status !== "failed" && state.status !== "cancelled" && state.status !== "interrupted") return undefined;
  const { code = "MODEL_STREAM_INTERRUPTED", message = "The answer broke off.", retryable = true } = state.error ?? {};
  const end = { type: "error" as const, message, retryable, turnId: state.turnId, savedContent: state.content };
  return { ...end, code: state.status === "cancelled" ? "CANCELLED" : code };
}
