/** Errors, in words for the person who reads the page. */

import { Refused, Unreachable } from "../stream";
import { SignInNeeded } from "../session/session";
import type { Problem } from "./lines";

const WORDS: Record<string, string> = {
  RATE_LIMITED: "That was a lot of messages in a minute. Give it a moment, then send this again.",
  CONVERSATION_BUSY: "Your coach is still answering your last message.",
  CONVERSATION_NOT_FOUND: "This conversation no longer exists.",
  COACH_CONFIG_NOT_FOUND: "This coach no longer exists.",
  INVALID_USER_RESPONSE: "This message cannot be sent as it is. It may be too long: edit it, or send it in two.",
  PAYLOAD_TOO_LARGE: "This message is too long: edit it, or send it in two.",
  IDEMPOTENCY_KEY_REUSED: "This message was sent before in other words. Send it as a new one.",
  MODEL_THROTTLED: "A lot of people are training right now. Try again in a moment.",
  MODEL_UNAVAILABLE: "Your coach cannot be reached right now. Try again in a moment.",
  MODEL_REFUSED: "Your coach could not answer this one. Try again, or put it another way.",
  MODEL_STREAM_INTERRUPTED: "The answer broke off. Try again, and it is written anew.",
  STORE_UNAVAILABLE: "What is kept for you cannot be reached right now. Try again in a moment.",
  DEADLINE: "This answer took too long and was cut short. Try again, or ask for less at once.",
  PROCESSING_ERROR: "Something went wrong on our side. Try again in a moment.",
  DATA_BEING_DELETED: "Your data is being deleted, as you asked. Nothing new can be said until that is done.",
  CANCELLED: "You stopped this answer.",
};

export function problemOf(error: unknown): Problem {
  if (error instanceof Refused) {
    const { code, text, retryable } = problem(error.code, error.message, error.retryable);
    const seconds = Math.ceil((error.retryAfterMs ?? 0) / 1000);
    const wait = `That was a lot of messages in a minute. Send this again in ${seconds} seconds.`;
    return { code, text: code === "RATE_LIMITED" && seconds > 1 ? wait : text, retryable };
  }
  if (error instanceof Unreachable) return problem("UNREACHABLE", "The service cannot be reached. Check your connection.", true);
  if (error instanceof SignInNeeded) return problem("SIGN_IN", error.message, true);
  return problem("UNEXPECTED", "Something went wrong on this page. Try again.", true);
}

export function problem(code: string, message: string, retryable: boolean): Problem {
  return { code, text: WORDS[code] ?? message, retryable };
}
