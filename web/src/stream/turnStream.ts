/**
 * One view of a turn, kept up until the turn is over: it reconnects behind the last event that came, and
 * where the stream cannot be reached it asks for the same turn as one document.
 */

import { broken, isOver, request, requestJson, type Access } from "./requests";
import { Refused, Unreachable } from "./errors";
import { isTerminal, parseEvent, type TurnEvent } from "./events";
import { Backoff, type Network } from "./network";
import { asEvents, completeOf, failureOf, type Answered } from "./documents";
import { openedSource } from "./sourceFrames";
import { SseParser, type Frame } from "./sse";
import type { Connection, ConnectionState, TurnState, TurnUpdate } from "./types";

/** A server says something every 10 s; a connection that is silent for longer than this, from its start on, is dead. */
const SILENCE_MS = 25_000;
const TRIES_PER_ADDRESS = 3;
const TRIES_WHEN_REFUSED = 4;
const POLL_MS = 1_000;
const TYPED = { "x-stream-protocol": "typed", accept: "text/event-stream" };

/** What a view is of: a message that is said now, or a turn that runs already. */
export interface Subject {
  /** The conversation's path, without a host. */
  path: string;
  post?: { body: Record<string, unknown>; key: string };
  turnId?: string | undefined;
  lastEventId?: string | undefined;
}

interface Address {
  access: Access;
  as: "stream" | "document";
}

export interface Route {
  access: Access;
  restUrl?: string | undefined;
  transport?: "fetch" | "eventsource" | undefined;
}

interface Links {
  turnId: string;
  status: string;
  streamUrl: string;
}

export class TurnStream implements AsyncIterable<TurnUpdate> {
  private readonly leaving = new AbortController();
  private readonly network: Network;
  private readonly backoff: Backoff;
  private readonly addresses: Address[];
  private readonly subject: Subject;
  private ticketed: boolean;
  private turnId: string | undefined;
  private cursor: string;
  private over = false;
  private stopWanted = false;
  private refusals = 0;

  constructor(subject: Subject, { access, restUrl, transport }: Route) {
    this.subject = subject;
    this.network = access.network;
    this.backoff = new Backoff(access.network);
    this.ticketed = transport === "eventsource" && subject.post !== undefined;
    this.turnId = subject.turnId;
    this.cursor = subject.lastEventId ?? "";
    const rest = restUrl === undefined ? [] : [{ ...access, baseUrl: restUrl }];
    const streams = [access, ...rest].map((one) => ({ access: one, as: "stream" }) as const);
    this.addresses = [...streams, { access: rest[0] ?? access, as: "document" }];
  }

  /** Ask the service to stop the turn; the view goes on to its end, which comes soon. */
  async cancel(): Promise<void> {
    if (this.turnId === undefined) {
      this.stopWanted = true;
      return;
    }
    const path = `${this.subject.path}/turns/${this.turnId}/cancel`;
    await request(this.address.access, path, { method: "POST", signal: this.leaving.signal });
  }

  /** Leave; the turn goes on without this view. */
  close(): void {
    this.leaving.abort(new DOMException("The view was closed.", "AbortError"));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TurnUpdate, void, undefined> {
    yield this.state("connecting");
    while (!this.over) {
      let pauseMs = 0;
      try {
        yield* this.attempt();
        if (this.over) return;
      } catch (error) {
        if (this.leaving.signal.aborted) return;
        pauseMs = this.pauseAfter(error);
      }
      yield this.state(this.network.isOnline() ? "reconnecting" : "offline");
      try {
        await this.waitForAnotherTry(pauseMs);
      } catch {
        return;
      }
    }
  }

  private get address(): Address {
    return this.addresses[0] as Address;
  }

  private state(state: ConnectionState): Connection {
    return { type: "connection", state };
  }

  private async *attempt(): AsyncGenerator<TurnUpdate> {
    if (!this.network.isOnline()) throw new Unreachable("There is no network.");
    if (this.address.as === "document") return yield* this.asDocument();
    if (this.ticketed && this.cursor === "") return yield* this.byTicket();
    const connection = new AbortController();
    const signal = AbortSignal.any([connection.signal, this.leaving.signal]);
    const stopListening = this.network.onLost(() => connection.abort(new Unreachable("The network is gone.")));
    try {
      const response = await heardInTime(connection, this.open(signal));
      if (isOver(response)) return yield* this.settle();
      yield this.state("open");
      yield* this.read(bodyFrames(response, connection, signal));
    } finally {
      stopListening();
      connection.abort(new Unreachable("The stream was left."));
    }
  }

  private open(signal: AbortSignal): Promise<Response> {
    const { path, post } = this.subject;
    const { access } = this.address;
    if (this.cursor !== "") {
      const headers = { ...TYPED, "last-event-id": this.cursor };
      return request(access, `${path}/stream`, { headers, signal });
    }
    if (post !== undefined) {
      const headers = { ...TYPED, "idempotency-key": post.key };
      return request(access, `${path}/stream`, { method: "POST", body: post.body, headers, signal });
    }
    const query = this.turnId === undefined ? "" : `?turnId=${encodeURIComponent(this.turnId)}`;
    return request(access, `${path}/stream${query}`, { headers: TYPED, signal });
  }

  /** Leave the message first, then read the answer as any page can: with the browser's EventSource. */
  private async *byTicket(): AsyncGenerator<TurnUpdate> {
    const { path, post } = this.subject;
    if (post === undefined) return;
    const { access } = this.address;
    const signal = this.leaving.signal;
    const headers = { "idempotency-key": post.key };
    const body = { ...post.body, mode: "attach" };
    const links = await requestJson<Links>(access, `${path}/turns`, { method: "POST", body, headers, signal });
    this.heardOf(links.turnId);
    const url = access.baseUrl + links.streamUrl;
    yield* this.read(openedSource(this.network, url, signal), true);
    // A source that closed for good is not opened again: the rest is read by fetch.
    this.ticketed = false;
  }

  private async *read(frames: AsyncIterable<Frame | ConnectionState>, named = false): AsyncGenerator<TurnUpdate> {
    for await (const frame of frames) {
      if (typeof frame === "string") {
        yield this.state(frame);
        continue;
      }
      const event = parseEvent(frame.data);
      if (!named || this.cursor === "") this.heard();
      const told = frame.id === this.cursor;
      // A view that met its function's deadline ends under the last id that it told.
      if (event?.type === "error" && event.code === "DEADLINE" && told) return;
      if (told && frame.id !== "") continue;
      this.cursor = frame.id;
      if (event === undefined) continue;
      if (event.type === "start") this.heardOf(event.turnId);
      yield this.ended(event);
      if (this.over) return;
    }
  }

  private ended(event: TurnEvent): TurnEvent {
    this.over = isTerminal(event);
    return event;
  }

  private heard(): void {
    this.backoff.succeeded();
    this.refusals = 0;
  }

  private heardOf(turnId: string): void {
    this.turnId = turnId;
    if (!this.stopWanted) return;
    this.stopWanted = false;
    // Whoever pressed stop sees the turn go on where this fails, and can press again.
    this.cancel().catch(() => undefined);
  }

  /** The same turn without a stream. */
  private async *asDocument(): AsyncGenerator<TurnUpdate> {
    const { path, post } = this.subject;
    if (this.turnId !== undefined || post === undefined) return yield* this.settle();
    yield this.state("polling");
    const asked = { method: "POST", body: post.body, headers: { "idempotency-key": post.key } };
    const signal = this.leaving.signal;
    try {
      const answered = await requestJson<Answered | Links>(this.address.access, `${path}/messages`, { ...asked, signal });
      this.heardOf(answered.turnId);
      if (!("aiMessage" in answered)) return yield* this.settle();
      for (const event of asEvents(answered)) yield this.ended(event);
    } catch (error) {
      if (!(error instanceof Refused) || error.turnId === undefined || error.code === "CONVERSATION_BUSY") throw error;
      this.turnId = error.turnId;
      yield* this.settle();
    }
  }

  /** Ask how the turn stands until it is over; nothing is asked of a conversation where none runs. */
  private async *settle(): AsyncGenerator<TurnUpdate> {
    const { path } = this.subject;
    const signal = this.leaving.signal;
    if (this.turnId === undefined) {
      this.over = true;
      return;
    }
    for (;;) {
      const state = await requestJson<TurnState>(this.address.access, `${path}/turns/${this.turnId}`, { signal });
      const end = completeOf(state) ?? failureOf(state);
      if (end !== undefined) {
        yield this.ended(end);
        return;
      }
      if (this.address.as === "stream") return;
      yield this.state("polling");
      await this.network.wait(POLL_MS, signal);
    }
  }

  /** Returns how long to wait at least; throws what another try would not mend. */
  private pauseAfter(error: unknown): number {
    if (error instanceof Refused) {
      this.refusals += 1;
      if (error.status >= 500 && error.retryable && this.refusals < TRIES_WHEN_REFUSED) return error.retryAfterMs ?? 0;
      throw error;
    }
    if (error instanceof Unreachable) return 0;
    throw error;
  }

  private async waitForAnotherTry(pauseMs: number): Promise<void> {
    await this.backoff.wait(this.leaving.signal, pauseMs);
    const failed = this.backoff.attempts >= TRIES_PER_ADDRESS && this.network.isOnline();
    if (failed && this.cursor === "" && this.addresses.length > 1) {
      this.addresses.shift();
      this.backoff.succeeded();
    }
  }
}

/** The frames of a response, until it ends, breaks off, or falls silent. */
async function* bodyFrames(
  response: Response,
  connection: AbortController,
  signal: AbortSignal,
): AsyncGenerator<Frame> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const decoder = new TextDecoder();
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await heardInTime(connection, reader.read());
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } catch (error) {
    throw broken(error, signal);
  }
}

/** Gives a connection up where what comes next does not come in time. */
function heardInTime<T>(connection: AbortController, next: Promise<T>): Promise<T> {
  const silence = setTimeout(() => connection.abort(new Unreachable("The stream fell silent.")), SILENCE_MS);
  return next.finally(() => clearTimeout(silence));
}
