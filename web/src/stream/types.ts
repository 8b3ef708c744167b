import type { TurnEvent } from "./events";
import type { Network } from "./network";

export interface StreamOptions {
  /** Where the streaming function answers: its Function URL, or "" for the page's own origin. */
  baseUrl: string;
  /** A REST API that streams too, tried where the first address cannot be reached. */
  restUrl?: string | undefined;
  /** `eventsource` leaves the message first and reads the answer by a ticket. */
  transport?: "fetch" | "eventsource" | undefined;
  userId: string;
  coachId: string;
  /** The caller's token; with `renew` another one, since the service did not take the last. */
  token(options: { renew: boolean }): Promise<string>;
  /** Told when a token that was just renewed is refused as well: nobody is signed in any more. */
  rejected?: (() => void) | undefined;
  network?: Network;
}

/** What a person says. The same `clientMessageId` again never asks a model twice. */
export interface Said {
  text: string;
  clientMessageId: string;
  sentAt: string;
}

/** The wish for another answer to the latest message. */
export interface Again {
  userMessageId: string;
  answerId?: string | undefined;
}

export type ConnectionState = "connecting" | "open" | "reconnecting" | "offline" | "polling";

/** How the connection fares; not part of the turn. */
export interface Connection {
  type: "connection";
  state: ConnectionState;
}

export type TurnUpdate = TurnEvent | Connection;

/** The state of a turn, as `GET …/turns/{turnId}` shows it. */
export interface TurnState {
  turnId: string;
  conversationId: string;
  status: "pending" | "processing" | "streaming" | "completed" | "failed" | "cancelled" | "interrupted";
  content: string;
  aiMessage?: import("./events").Message;
  error?: { code: string; message: string; retryable?: boolean };
  stopReason?: string;
  usage?: import("./events").Usage;
  timings?: import("./events").Timings;
}
