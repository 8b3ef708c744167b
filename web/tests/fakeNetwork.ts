/** A network whose answers are written down: each request takes the next one. */

import type { Network } from "../src/stream";

export interface Asked {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
}

type Answer = (asked: Asked, init: RequestInit) => Response | Promise<Response>;

export class FakeNetwork implements Network {
  readonly asked: Asked[] = [];
  readonly waits: number[] = [];
  online = true;
  source: FakeSource | undefined;
  /** Who listens for the network to go away. */
  readonly listening = new Set<() => void>();
  private readonly answers: Answer[];

  constructor(...answers: Answer[]) {
    this.answers = answers;
  }

  async fetch(url: string, init: RequestInit): Promise<Response> {
    const headers = init.headers as Record<string, string>;
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    const asked = { method: init.method ?? "GET", url, headers, body };
    this.asked.push(asked);
    const answer = this.answers.shift();
    if (answer === undefined) throw new Error(`nobody expected ${asked.method} ${url}`);
    return answer(asked, init);
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.waits.push(ms);
    this.online = true;
  }

  isOnline(): boolean {
    return this.online;
  }

  onLost(lost: () => void): () => void {
    this.listening.add(lost);
    return () => this.listening.delete(lost);
  }

  random(): number {
    return 1;
  }

  eventSource(url: string): EventSource {
    this.source = new FakeSource(url);
    return this.source as unknown as EventSource;
  }
}

export class FakeSource {
  readonly CLOSED = 2;
  readyState = 1;
  onopen: (() => void) | undefined;
  onmessage: ((message: { lastEventId: string; data: string }) => void) | undefined;
  onerror: (() => void) | undefined;
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  tell(...frames: string[]): void {
    for (const text of frames) {
      const id = /^id: (.*)$/m.exec(text)?.[1] ?? "";
      this.onmessage?.({ lastEventId: id, data: /^data: (.*)$/m.exec(text)?.[1] ?? "" });
    }
  }

  end(): void {
    this.readyState = this.CLOSED;
    this.onerror?.();
  }

  close(): void {
    this.readyState = this.CLOSED;
  }
}

/** A stream of these pieces of text; with `broken` it ends as a connection that was cut. */
export function streamed(pieces: string[], { broken = false } = {}): Answer {
  return () => {
    const encoder = new TextEncoder();
    const waiting = [...pieces];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = waiting.shift();
        if (piece !== undefined) controller.enqueue(encoder.encode(piece));
        else if (broken) controller.error(new TypeError("network error"));
        else controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}

/** A response that never comes, until its request is aborted. */
export function silent(): Answer {
  return (_, { signal }) =>
    new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return () => new Response(status === 204 ? null : JSON.stringify(value), { status, headers });
}

export function unreachable(): Answer {
  return () => Promise.reject(new TypeError("Failed to fetch"));
}

export function frame(n: number, event: Record<string, unknown>): string {
  return `id: t.${n}\ndata: ${JSON.stringify(event)}\n\n`;
}
