import { afterEach, describe, expect, it, vi } from "vitest";
import { Refused, StreamClient, StreamError, type StreamOptions, type TurnUpdate } from "../src/stream";
import { FakeNetwork, frame, json, silent, streamed, unreachable } from "./fakeNetwork";

const PATH = "/users/u/coaches/c/conversations/v";
const SAID = { text: "Hello", clientMessageId: "m-1", sentAt: "2026-01-01T00:00:00Z" };
const START = frame(1, { type: "start", turnId: "t", conversationId: "v", messageId: "a" });
const MESSAGE = {
  messageId: "a",
  role: "assistant",
  content: "On it.\nTwice.",
  parts: [
    { type: "update", stage: "initial_greeting", text: "On it.\n" },
    { type: "answer", text: "Twice." },
  ],
  status: "complete",
  turnId: "t",
  createdAt: "2026-01-01T00:00:01Z",
};
const COMPLETE = { type: "complete", messageId: "a", conversationId: "v", aiMessage: MESSAGE, stopReason: "end_turn" };
const chunk = (n: number, content: string): string => frame(n, { type: "chunk", content });

function client(network: FakeNetwork, options: Partial<StreamOptions> = {}): StreamClient {
  const token = async ({ renew }: { renew: boolean }): Promise<string> => (renew ? "new" : "old");
  return new StreamClient({ baseUrl: "https://fn", userId: "u", coachId: "c", token, network, ...options });
}

async function told(updates: AsyncIterable<TurnUpdate>): Promise<string[]> {
  const seen: string[] = [];
  for await (const update of updates) {
    if (update.type === "connection") seen.push(`(${update.state})`);
    else if (update.type === "chunk") seen.push(update.content);
    else if (update.type === "error") seen.push(`error ${update.code}`);
    else seen.push(update.type);
  }
  return seen;
}

afterEach(() => vi.useRealTimers());

describe("a turn", () => {
  it("is said by one POST and told event by event", async () => {
    const network = new FakeNetwork(streamed([START, chunk(2, "Twi"), chunk(3, "ce."), frame(4, COMPLETE)]));
    expect(await told(client(network).say("v", SAID))).toEqual([
      "(connecting)",
      "(open)",
      "start",
      "Twi",
      "ce.",
      "complete",
    ]);
    const [asked] = network.asked;
    expect(asked).toMatchObject({
      method: "POST",
      url: `https://fn${PATH}/stream`,
      body: { userResponse: "Hello", clientMessageId: "m-1", messageTimestamp: SAID.sentAt },
      headers: { "idempotency-key": "m-1", "x-stream-protocol": "typed", authorization: "Bearer old" },
    });
  });

  it("goes on behind the last event where the connection broke, and tells nothing twice", async () => {
    const network = new FakeNetwork(
      streamed([START, chunk(2, "Twi"), "id: t.3\ndata: {"], { broken: true }),
      unreachable(),
      streamed([chunk(3, "ce."), frame(4, COMPLETE)]),
    );
    expect(await told(client(network).say("v", SAID))).toEqual([
      "(connecting)",
      "(open)",
      "start",
      "Twi",
      "(reconnecting)",
      "(reconnecting)",
      "(open)",
      "ce.",
      "complete",
    ]);
    expect(network.asked[2]).toMatchObject({ method: "GET", headers: { "last-event-id": "t.2" } });
    expect(network.waits).toEqual([250, 500]);
  });

  it("goes on after a clean end without a last event, and after a view that met its deadline", async () => {
    const deadline = { type: "error", code: "DEADLINE", message: "again", retryable: true };
    const network = new FakeNetwork(
      streamed([START, chunk(2, "Twi")]),
      streamed([frame(2, deadline)]),
      streamed([chunk(3, "ce."), frame(4, COMPLETE)]),
    );
    const seen = await told(client(network).say("v", SAID));
    expect(seen.filter((one) => !one.startsWith("("))).toEqual(["start", "Twi", "ce.", "complete"]);
  });

  it("is said again under the same key where no answer came", async () => {
    const network = new FakeNetwork(unreachable(), unreachable(), streamed([START, frame(2, COMPLETE)]));
    expect((await told(client(network).say("v", SAID))).slice(-2)).toEqual(["start", "complete"]);
    expect(network.asked.map((asked) => [asked.method, asked.headers["idempotency-key"]])).toEqual([
      ["POST", "m-1"],
      ["POST", "m-1"],
      ["POST", "m-1"],
    ]);
  });

  it("asks nothing while there is no network", async () => {
    const network = new FakeNetwork(streamed([START, frame(2, COMPLETE)]));
    network.online = false;
    const seen = await told(client(network).say("v", SAID));
    expect(seen.slice(0, 2)).toEqual(["(connecting)", "(offline)"]);
    expect(network.asked).toHaveLength(1);
  });

  it("falls back to REST streaming, then to one document", async () => {
    const gone = [unreachable(), unreachable(), unreachable()];
    const answered = { ...COMPLETE, turnId: "t", status: "completed" };
    const network = new FakeNetwork(...gone, ...gone, json(200, answered));
    const seen = await told(client(network, { restUrl: "https://rest" }).say("v", SAID));
    expect(seen.filter((one) => !one.startsWith("("))).toEqual(["start", "contextual", "Twice.", "complete"]);
    expect(network.asked.map((asked) => asked.url)).toEqual([
      ...Array(3).fill(`https://fn${PATH}/stream`),
      ...Array(3).fill(`https://rest${PATH}/stream`),
      `https://rest${PATH}/messages`,
    ]);
    expect(new Set(network.asked.map((asked) => asked.headers["idempotency-key"]))).toEqual(new Set(["m-1"]));
  });

  it("is polled where even its document takes longer than a request", async () => {
    const gone = [unreachable(), unreachable(), unreachable()];
    const running = { turnId: "t", status: "streaming", content: "Twi" };
    const done = { turnId: "t", conversationId: "v", status: "completed", content: "", aiMessage: MESSAGE };
    const network = new FakeNetwork(...gone, json(202, running), json(200, running), json(200, done));
    expect((await told(client(network).say("v", SAID))).at(-1)).toBe("complete");
  });

  it("that did not begin throws what the service said", async () => {
    const busy = { code: "CONVERSATION_BUSY", detail: "busy", retryable: true, turnId: "other" };
    const network = new FakeNetwork(json(409, busy, { "retry-after": "2" }));
    await expect(told(client(network).say("v", SAID))).rejects.toMatchObject({
      code: "CONVERSATION_BUSY",
      turnId: "other",
      retryAfterMs: 2000,
    });
  });

  it("is tried again where the store had a moment, but not for ever", async () => {
    const down = json(503, { code: "STORE_UNAVAILABLE", detail: "later", retryable: true }, { "retry-after": "1" });
    const mended = new FakeNetwork(down, streamed([START, frame(2, COMPLETE)]));
    expect((await told(client(mended).say("v", SAID))).at(-1)).toBe("complete");
    expect(mended.waits).toEqual([1000]);
    await expect(told(client(new FakeNetwork(down, down, down, down)).say("v", SAID))).rejects.toBeInstanceOf(Refused);
  });

  it("renews a token that has run out, once", async () => {
    const expired = json(401, { code: "TOKEN_EXPIRED", detail: "old", retryable: false });
    const network = new FakeNetwork(expired, streamed([START, frame(2, COMPLETE)]));
    expect((await told(client(network).say("v", SAID))).at(-1)).toBe("complete");
    expect(network.asked.map((asked) => asked.headers["authorization"])).toEqual(["Bearer old", "Bearer new"]);
    await expect(told(client(new FakeNetwork(expired, expired)).say("v", SAID))).rejects.toBeInstanceOf(Refused);
  });

  it("tells who signs in when a new token is refused as well", async () => {
    const refused = json(401, { code: "INVALID_TOKEN", detail: "no", retryable: false });
    const rejected = vi.fn();
    const network = new FakeNetwork(refused, refused);
    await expect(told(client(network, { rejected }).say("v", SAID))).rejects.toBeInstanceOf(Refused);
    expect(rejected).toHaveBeenCalledOnce();
  });

  it("is tried again where no answer begins for too long", async () => {
    vi.useFakeTimers();
    const network = new FakeNetwork(silent(), streamed([START, frame(2, COMPLETE)]));
    const seen = told(client(network).say("v", SAID));
    await vi.advanceTimersByTimeAsync(30_000);
    expect((await seen).slice(-2)).toEqual(["start", "complete"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("throws one kind of error for what is no event", async () => {
    const network = new FakeNetwork(streamed([START, "id: t.2\ndata: {oh\n\n"]));
    await expect(told(client(network).say("v", SAID))).rejects.toBeInstanceOf(StreamError);
  });

  it("leaves nothing behind where its reader stops reading", async () => {
    vi.useFakeTimers();
    let signal: AbortSignal | null | undefined;
    const network = new FakeNetwork((asked, init) => {
      signal = init.signal;
      return streamed([START, chunk(2, "Twi"), chunk(3, "ce.")])(asked, init);
    });
    for await (const update of client(network).say("v", SAID)) if (update.type === "chunk") break;
    expect([signal?.aborted, network.listening.size, vi.getTimerCount()]).toEqual([true, 0, 0]);
  });

  it("that is over already ends by its state, and one that never was ends at once", async () => {
    const failed = { turnId: "t", status: "failed", content: "Twi", error: { code: "DEADLINE", message: "late" } };
    const over = new FakeNetwork(json(204, undefined), json(200, failed));
    expect((await told(client(over).attach("v", { turnId: "t" }))).at(-1)).toBe("error DEADLINE");
    const none = new FakeNetwork(json(204, undefined));
    expect(await told(client(none).attach("v"))).toEqual(["(connecting)"]);
  });

  it("can be stopped, also before it has begun", async () => {
    const cancelled = { type: "error", code: "CANCELLED", message: "stopped", retryable: false };
    const network = new FakeNetwork(streamed([START, frame(2, cancelled)]), json(202, {}));
    const turn = client(network).say("v", SAID);
    await turn.cancel();
    expect(network.asked).toHaveLength(0);
    expect((await told(turn)).at(-1)).toBe("error CANCELLED");
    expect(network.asked[1]).toMatchObject({ method: "POST", url: `https://fn${PATH}/turns/t/cancel` });
  });

  it("ends without a word when its view is closed", async () => {
    const network = new FakeNetwork(streamed([START, chunk(2, "Twi")]), () => new Promise(() => undefined));
    const turn = client(network).say("v", SAID);
    const seen: string[] = [];
    for await (const update of turn) {
      seen.push(update.type);
      if (update.type === "chunk") turn.close();
    }
    expect(seen.at(-1)).not.toBe("complete");
  });

  it("skips what a later version of the service may add", async () => {
    const network = new FakeNetwork(streamed([START, frame(2, { type: "mood", content: 1 }), frame(3, COMPLETE)]));
    expect((await told(client(network).say("v", SAID))).slice(2)).toEqual(["start", "complete"]);
  });

  it("is asked for anew in the words of AI SDK clients, told in the typed protocol", async () => {
    const network = new FakeNetwork(streamed([START, frame(2, COMPLETE)]));
    await told(client(network).again("v", { userMessageId: "q", answerId: "a0" }));
    expect(network.asked[0]).toMatchObject({
      body: { trigger: "regenerate-message", messageId: "a0", messages: [{ id: "q", role: "user" }] },
      headers: { "x-stream-protocol": "typed" },
    });
  });
});

describe("a turn by ticket", () => {
  const links = { turnId: "t", status: "pending", streamUrl: `${PATH}/stream?turnId=t&ticket=x` };

  async function begun(network: FakeNetwork): Promise<[Promise<string[]>, NonNullable<FakeNetwork["source"]>]> {
    const seen = told(client(network, { transport: "eventsource" }).say("v", SAID));
    for (let n = 0; n < 50 && network.source === undefined; n++) await new Promise((resolve) => setTimeout(resolve));
    if (network.source === undefined) throw new Error("no source was opened");
    return [seen, network.source];
  }

  it("is left first and read by the browser's own EventSource", async () => {
    const network = new FakeNetwork(json(202, links));
    const [seen, source] = await begun(network);
    source.tell(START, chunk(2, "Twice."), frame(3, COMPLETE));
    expect((await seen).slice(-3)).toEqual(["start", "Twice.", "complete"]);
    expect(network.asked[0]).toMatchObject({ url: `https://fn${PATH}/turns`, body: { mode: "attach" } });
    expect(source.url).toBe(`https://fn${links.streamUrl}`);
    expect(source.readyState).toBe(source.CLOSED);
  });

  it("is left where the network is lost, and read on by fetch", async () => {
    const network = new FakeNetwork(json(202, links), streamed([chunk(3, "ce."), frame(4, COMPLETE)]));
    const [seen, source] = await begun(network);
    source.tell(START, chunk(2, "Twi"));
    for (const lost of network.listening) lost();
    expect((await seen).filter((one) => !one.startsWith("("))).toEqual(["start", "Twi", "ce.", "complete"]);
    expect([source.readyState, network.listening.size]).toEqual([source.CLOSED, 0]);
  });

  it("is read on by fetch where the source closed for good", async () => {
    const network = new FakeNetwork(json(202, links), streamed([chunk(3, "ce."), frame(4, COMPLETE)]));
    const [seen, source] = await begun(network);
    source.tell(START, chunk(2, "Twi"));
    source.end();
    expect((await seen).filter((one) => !one.startsWith("("))).toEqual(["start", "Twi", "ce.", "complete"]);
    expect(network.asked[1]).toMatchObject({ method: "GET", headers: { "last-event-id": "t.2" } });
  });
});
