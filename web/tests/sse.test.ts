import { describe, expect, it } from "vitest";
import { SseParser } from "../src/stream/sse";

const TEXT = 'retry: 3000\n\nid: t.1\ndata: {"a":"ä"}\n\n: keep-alive\n\nid: t.2\r\ndata: one\r\ndata:two\r\n\r\n';
const FRAMES = [
  { id: "t.1", data: '{"a":"ä"}' },
  { id: "t.2", data: "one\ntwo" },
];

describe("server-sent events", () => {
  it("are read from one piece", () => {
    const parser = new SseParser();
    expect(parser.feed(TEXT)).toEqual(FRAMES);
    expect(parser.retryMs).toBe(3000);
  });

  it("are the same however the text was cut", () => {
    for (let cut = 0; cut <= TEXT.length; cut++) {
      const parser = new SseParser();
      expect([...parser.feed(TEXT.slice(0, cut)), ...parser.feed(TEXT.slice(cut))]).toEqual(FRAMES);
    }
    const parser = new SseParser();
    expect([...TEXT].flatMap((character) => parser.feed(character))).toEqual(FRAMES);
  });

  it("are told only when they are whole", () => {
    expect(new SseParser().feed("id: t.1\ndata: half")).toEqual([]);
  });

  it("keep the id until another comes, and know fields without a value", () => {
    expect(new SseParser().feed("id: 1\ndata: a\n\ndata\n\nid\ndata: c\n\n")).toEqual([
      { id: "1", data: "a" },
      { id: "1", data: "" },
      { id: "", data: "c" },
    ]);
  });
});
