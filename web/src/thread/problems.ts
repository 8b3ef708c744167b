/** Errors, in words for the person who reads the page. */

import { Refused, Unreachable } from "../stream";
import { SignInNeeded } from "../session/session";
import type { Problem } from "./lines";

const WORDS: Record<string, string> = {
  RATE_LIMITED: "That was a lot of messages in a minute. Give it a moment, then send this again.",
  CONVERSATION_BUSY: "Your coach is still answering your last message.",
  CONVERSATION_NOT_FOUND: "This conversation no longer exists.",
  COACH_CONFIG_NOT_FOUND: "This coach no longer exists.",
  INVALID_USER_RESPONSE: "This message cannot be sent as it is. It may be too long.",
  PAYLOAD_TOO_LARGE: "This message is too long to send.",
  IDEMPOTENCY_KEY_REUSED: "This message was sent before in other words. Send it as a new one.",
  MODEL_THROTTLED: "A lot of people are training right now. Try again in a moment.",
  MODEL_UNAVAILABLE: "Your coach cannot be reached right now. Try again in a moment.",
  MODEL_REFUSED: "The model did not take this request.",
  MODEL_STREAM_INTERRUPTED: "The answer broke off.",
  STORE_UNAVAILABLE: "Your notes cannot be reached right now. Try again in a moment.",
  DEADLINE: "This answer took too long and was cut short.",
  CANCELLED: "You stopped this answer.",
};

export function problemOf(error: unknown): Problem {
  if (error instanceof Refused) return problem(error.code, error.message, error.retryable);
  if (error instanceof Unreachable) return problem("UNREACHABLE", "The service cannot be reached.", true);
  if (error instanceof SignInNeeded) return problem("SIGN_IN", error.message, true);
  return problem("UNEXPECTED", "Something went wrong on this page. Try again.", true);
}

export function problem(code: string, message: string, retryable: boolean): Problem {
  return { code, text: WORDS[code] ?? message, retryable };
}
