/** What the page keeps on this device, so that nothing typed is lost. Everything is by user and conversation. */

import type { Notice, RecalledMemory, Said } from "../stream";

const PREFIX = "stream-coach";
const MAX_NAMES = 400;

export class Kept {
  private readonly user: string;

  constructor(userId: string) {
    this.user = userId;
  }

  draft(conversationId: string): string {
    return read<string>(localStorage, this.key("draft", conversationId)) ?? "";
  }

  keepDraft(conversationId: string, text: string): void {
    write(localStorage, this.key("draft", conversationId), text === "" ? undefined : text);
  }

  /** The messages that were sent and of which the service has not yet said that they are safe. */
  outgoing(conversationId: string): Outgoing[] {
    return read<Outgoing[]>(localStorage, this.key("outgoing", conversationId)) ?? [];
  }

  keepOutgoing(conversationId: string, outgoing: Outgoing): void {
    const others = this.otherThan(conversationId, outgoing.clientMessageId);
    write(localStorage, this.key("outgoing", conversationId), [...others, outgoing]);
  }

  forgetOutgoing(conversationId: string, clientMessageId: string): void {
    const others = this.otherThan(conversationId, clientMessageId);
    write(localStorage, this.key("outgoing", conversationId), others.length === 0 ? undefined : others);
  }

  titles(): Record<string, string> {
    return read<Record<string, string>>(localStorage, this.key("titles", "all")) ?? {};
  }

  keepTitles(titles: Record<string, string>): void {
    const latest = Object.fromEntries(Object.entries(titles).slice(-MAX_NAMES));
    write(localStorage, this.key("titles", "all"), latest);
  }

  /** What was told beside an answer; the saved message does not hold it. For this tab only. */
  besides(messageId: string): Besides | undefined {
    return read<Besides>(sessionStorage, this.key("besides", messageId));
  }

  keepBesides(messageId: string, besides: Besides): void {
    if (besides.recalled.length + besides.notices.length === 0) return;
    write(sessionStorage, this.key("besides", messageId), besides);
  }

  /** Forget all that is kept here of the person. */
  forgetEverything(): void {
    for (const storage of [localStorage, sessionStorage]) {
      const own = Object.keys(storage).filter((key) => key.startsWith(`${PREFIX}.${this.user}.`));
      for (const key of own) write(storage, key, undefined);
    }
  }

  private otherThan(conversationId: string, clientMessageId: string): Outgoing[] {
    return this.outgoing(conversationId).filter((one) => one.clientMessageId !== clientMessageId);
  }

  private key(kind: string, id: string): string {
    return `${PREFIX}.${this.user}.${kind}.${id}`;
  }
}

/** `held`: it waits for the person to send it again. */
export type Outgoing = Said & { held?: boolean };

export interface Besides {
  recalled: RecalledMemory[];
  notices: Notice[];
}

export function read<T>(storage: Storage, key: string): T | undefined {
  try {
    const text = storage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

/** Keep a value, or with undefined forget it; a full or closed storage keeps nothing. */
export function write(storage: Storage, key: string, value: unknown): void {
  try {
    if (value === undefined) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
  } catch {
    // Private windows may refuse: the page works without.
  }
}
