/** The lines of a conversation, in their order. */

import type { Message } from "../stream";
import type { Kept } from "./kept";
import { lineOf, type Line, type PersonLine } from "./lines";
import { Store } from "./store";

export class LineBook {
  /** The lines' keys, in order. */
  readonly keys = new Store<readonly string[]>([]);
  private readonly kept: Kept;
  private readonly lines = new Map<string, Store<Line>>();

  constructor(kept: Kept) {
    this.kept = kept;
  }

  line(key: string): Store<Line> {
    const found = this.lines.get(key);
    if (found === undefined) throw new Error(`no line ${key}`);
    return found;
  }

  find(key: string): Line | undefined {
    return this.lines.get(key)?.get();
  }

  all(): Line[] {
    return this.keys.get().map((key) => this.line(key).get());
  }

  /** Show the latest messages: what is before them stays, and what is not sent yet comes behind. */
  showLatest(messages: readonly Message[]): { joined: boolean } {
    const latest = messages.map((message) => this.put(message));
    const keys = this.keys.get();
    const first = latest[0];
    const before = first === undefined ? [] : keys.slice(0, Math.max(0, keys.indexOf(first)));
    this.show([...before, ...latest, ...keys.filter((key) => this.isUnsent(key))]);
    return { joined: before.length > 0 };
  }

  showEarlier(messages: readonly Message[]): void {
    const keys = this.keys.get();
    const earlier = messages.map((message) => this.put(message)).filter((key) => !keys.includes(key));
    this.keys.set([...earlier, ...keys]);
  }

  /** Show a line at the end; an answer stands before what still waits to be sent. */
  append(line: Line): void {
    const store = this.lines.get(line.key);
    if (store !== undefined) store.set(line);
    else this.lines.set(line.key, new Store(line));
    const keys = this.keys.get();
    if (keys.includes(line.key)) return;
    const end = line.kind === "coach" ? keys.findLastIndex((key) => !this.isUnsent(key)) + 1 : keys.length;
    this.keys.set([...keys.slice(0, end), line.key, ...keys.slice(end)]);
  }

  set(line: Line): void {
    this.lines.get(line.key)?.set(line);
  }

  change(key: string, change: Partial<PersonLine>): void {
    const line = this.find(key);
    if (line?.kind === "person") this.set({ ...line, ...change });
  }

  remove(key: string): void {
    this.show(this.keys.get().filter((one) => one !== key));
  }

  moveToEnd(key: string): void {
    this.keys.set([...this.keys.get().filter((one) => one !== key), key]);
  }

  /** Give the question before an answer its id; put it there where this page did not know it. */
  settleQuestion(message: Message, answerId: string): void {
    const keys = this.keys.get();
    const at = keys.indexOf(answerId);
    if (this.lines.has(message.messageId) || at < 0) return;
    const line = this.find(keys[at - 1] ?? "");
    if (line?.kind === "person" && line.text === message.content) {
      this.set({ ...line, messageId: message.messageId, state: "saved" });
    } else {
      const key = this.put(message);
      this.keys.set([...keys.slice(0, at), key, ...keys.slice(at)]);
    }
  }

  isUnsent(key: string): boolean {
    const line = this.find(key);
    return line?.kind === "person" && line.state !== "saved";
  }

  /** Keep a saved message's line, and return its key; a line that is there already keeps its own, and its key. */
  private put(message: Message): string {
    const saved = lineOf(message, this.kept.besides(message.messageId));
    for (const [key, store] of this.lines) {
      const line = store.get();
      if (line.messageId !== message.messageId) continue;
      // This page lost sight of an answer that was finished all the same.
      if (line.state === "partial" && saved.state === "complete") store.set({ ...saved, key });
      return key;
    }
    this.lines.set(saved.key, new Store(saved));
    return saved.key;
  }

  private show(keys: readonly string[]): void {
    const before = this.keys.get();
    this.keys.set(keys);
    for (const key of before) if (!keys.includes(key)) this.lines.delete(key);
  }
}
