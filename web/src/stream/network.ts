/** The world outside: requests, waiting, and whether there is a network. Tests bring their own. */

/** A page's window or a worker's own scope; without either (Node.js) there is no word of a network that comes and goes. */
const SCOPE = globalThis as Partial<Pick<typeof globalThis, "addEventListener" | "removeEventListener">>;

export interface Network {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Resolves after `ms`, or as soon as the network comes back. Rejects when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  isOnline(): boolean;
  /** Calls `lost` when the network goes away; returns how to stop listening. */
  onLost(lost: () => void): () => void;
  random(): number;
  eventSource(url: string): EventSource;
}

export const browserNetwork: Network = {
  fetch: (url, init) => fetch(url, init),
  wait,
  isOnline: () => (globalThis.navigator as Navigator | undefined)?.onLine !== false,
  onLost: (lost) => {
    SCOPE.addEventListener?.("offline", lost);
    return () => SCOPE.removeEventListener?.("offline", lost);
  },
  random: () => Math.random(),
  eventSource: (url) => new EventSource(url),
};

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      SCOPE.removeEventListener?.("online", done);
      signal.removeEventListener("abort", done);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(done, ms);
    SCOPE.addEventListener?.("online", done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/** Waits longer each time, with jitter, until something was heard again. */
export class Backoff {
  private failures = 0;
  private readonly network: Network;

  constructor(network: Network) {
    this.network = network;
  }

  get attempts(): number {
    return this.failures;
  }

  succeeded(): void {
    this.failures = 0;
  }

  async wait(signal: AbortSignal, atLeastMs = 0): Promise<void> {
    const cap = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.failures++);
    await this.network.wait(Math.max(atLeastMs, cap * (0.5 + this.network.random() / 2)), signal);
  }
}
