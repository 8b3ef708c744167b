/**
 * The frames of a browser's own EventSource, which reconnects by itself.
 *
 * It does not show a server's keep-alives, so that it may wait for a dead connection for ever: where the network is
 * lost, it is left.
 */

import type { Network } from "./network";
import type { Frame } from "./sse";
import type { ConnectionState } from "./types";

/** Yields frames and how the connection fares; ends when the source closed for good. */
export async function* openedSource(
  network: Network,
  url: string,
  signal: AbortSignal,
): AsyncGenerator<Frame | ConnectionState> {
  const source = network.eventSource(url);
  const waiting: (Frame | ConnectionState)[] = [];
  let wake: () => void = () => undefined;
  const put = (one: Frame | ConnectionState): void => {
    waiting.push(one);
    wake();
  };
  source.onopen = () => put("open");
  source.onmessage = (message: MessageEvent<string>) => put({ id: message.lastEventId, data: message.data });
  source.onerror = () => put("reconnecting");
  const left = (): void => wake();
  const stopListening = network.onLost(() => {
    source.close();
    wake();
  });
  signal.addEventListener("abort", left);
  try {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (source.readyState === source.CLOSED || signal.aborted) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stopListening();
    signal.removeEventListener("abort", left);
    source.close();
  }
}
