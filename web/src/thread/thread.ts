/** One conversation on the page: its lines, the turn that runs, and what was typed but not yet saved. */

import type { CoachApi } from "../api/coachApi";
import type { Conversation } from "../api/types";
import {
  Refused,
  type Complete,
  type ConnectionState,
  type Failure,
  type Message,
  type Said,
  type Start,
  type StreamClient,
  type TurnStream,
  type TurnUpdate,
} from "../stream";
import { spoken } from "../markdown/spoken";
import { Frames } from "./frames";
import type { Kept } from "./kept";
import { LineBook } from "./lineBook";
import { afterFailure, grown, lineOf, personLine, textOf, type CoachLine, type Line } from "./lines";
import { problem, problemOf } from "./problems";
import { Store } from "./store";

const PAGE = 30;

export interface ThreadState {
  phase: "loading" | "idle" | "sending" | "answering" | "stopping" | "unreadable";
  connection: ConnectionState;
  progress: string;
  /** Where the page of earlier messages begins, if there are any. */
  earlier?: string | undefined;
  loadingEarlier: boolean;
  /** The page of earlier messages could not be read. */
  earlierFailed: boolean;
  /** What a screen reader is told. */
  announcement: string;
}

export interface ThreadPorts {
  api: CoachApi;
  streams: StreamClient;
  kept: Kept;
  coachId: string;
  conversationId: string;
  /** Nothing was said in it yet, as far as the page knows. */
  isNew: boolean;
  /** A turn is over: what was remembered of it may be looked up. */
  turnEnded(end: { turnId: string; asides: string[]; text: string }): void;
  said(text: string): void;
}

export class Thread {
  readonly state = new Store<ThreadState>({
    phase: "loading",
    connection: "open",
    progress: "",
    loadingEarlier: false,
    earlierFailed: false,
    announcement: "",
  });
  readonly conversationId: string;
  readonly isNew: boolean;
  readonly lines: LineBook;
  private readonly ports: ThreadPorts;
  private readonly frames = new Frames(() => this.showLive());
  private turn: TurnStream | undefined;
  private live: CoachLine | undefined;
  private liveText = "";
  private loading: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(ports: ThreadPorts) {
    this.ports = ports;
    this.conversationId = ports.conversationId;
    this.isNew = ports.isNew;
    this.lines = new LineBook(ports.kept);
  }

  /** Read the latest messages, take up the turn that runs, and send what was not sent. */
  load(): Promise<void> {
    this.loading = this.loadOnce();
    return this.loading;
  }

  private async loadOnce(): Promise<void> {
    let conversation: Conversation;
    try {
      conversation = await this.readLatest();
    } catch (error) {
      if (this.closed) return;
      this.state.update({ phase: "unreadable", announcement: problemOf(error).text });
      return;
    }
    if (this.closed) return;
    this.state.update({ phase: "idle" });
    const unsent = this.outgoing();
    if (conversation.activeTurnId !== undefined) await this.attach(conversation.activeTurnId);
    for (const said of unsent) if (!said.held) await this.deliver(said);
  }

  async loadEarlier(): Promise<void> {
    const { earlier, loadingEarlier } = this.state.get();
    if (earlier === undefined || loadingEarlier) return;
    this.state.update({ loadingEarlier: true, earlierFailed: false });
    try {
      const page = await this.messages(earlier);
      this.lines.showEarlier(page.messages);
      this.state.update({ earlier: page.cursor, loadingEarlier: false });
    } catch {
      this.state.update({ loadingEarlier: false, earlierFailed: true });
    }
  }

  async send(text: string): Promise<void> {
    const said = { text, clientMessageId: crypto.randomUUID(), sentAt: new Date().toISOString() };
    this.ports.said(text);
    this.lines.append(personLine(said, "sending"));
    this.ports.kept.keepOutgoing(this.conversationId, said);
    await this.loading;
    await this.deliver(said);
  }

  async sendAgain(key: string): Promise<void> {
    const line = this.lines.find(key);
    if (line?.kind !== "person" || line.said === undefined || this.turn !== undefined) return;
    const { problem: _, ...rest } = line;
    this.lines.set({ ...rest, state: "sending" });
    this.lines.moveToEnd(key);
    await this.deliver(line.said);
  }

  /** Take a message back that was not sent; returns its text. */
  takeBack(key: string): string {
    const line = this.lines.find(key);
    if (line?.kind !== "person") return "";
    this.ports.kept.forgetOutgoing(this.conversationId, key);
    this.lines.remove(key);
    return line.text;
  }

  /** Ask for another answer to the latest message. */
  async again(): Promise<void> {
    if (this.turn !== undefined) return;
    const lines = this.lines.all();
    const asked = lines.findLast((line) => line.kind === "person");
    const last = lines.at(-1);
    if (asked === undefined || last === undefined) return;
    const id = asked.messageId ?? asked.key;
    const said = last.kind === "coach" && last.parts.length > 0;
    // Where nothing was said there is no answer to tell this attempt from the one before.
    const which = said ? { userMessageId: id, answerId: last.messageId } : { userMessageId: `${id}.${Date.now()}` };
    this.liveText = asked.text;
    await this.follow(this.ports.streams.again(this.conversationId, which), {
      began: () => last.kind === "coach" && this.lines.remove(last.key),
      failed: (error) => this.blame(last, error),
    });
  }

  async stop(): Promise<void> {
    const turn = this.turn;
    if (turn === undefined) return;
    const { phase, connection } = this.state.get();
    if (phase === "sending" && connection !== "open" && connection !== "connecting") {
      this.hold("You took this one back before it was sent.");
      turn.close();
      return;
    }
    this.state.update({ phase: "stopping" });
    try {
      await turn.cancel();
    } catch {
      if (this.turn === turn) this.state.update({ phase: this.live ? "answering" : "sending" });
    }
  }

  /** See whether something was said elsewhere. */
  async refresh(): Promise<void> {
    if (this.turn !== undefined || this.state.get().phase !== "idle") return;
    try {
      const conversation = await this.readLatest();
      if (conversation.activeTurnId !== undefined && this.turn === undefined) await this.attach(conversation.activeTurnId);
    } catch {
      // What is shown stays; the next look may succeed.
    }
  }

  close(): void {
    this.closed = true;
    this.turn?.close();
  }

  private async readLatest(): Promise<Conversation> {
    const { api, coachId } = this.ports;
    const [page, conversation] = await Promise.all([
      this.messages(undefined),
      api.conversation(coachId, this.conversationId),
    ]);
    const { joined } = this.lines.showLatest(page.messages);
    if (!joined) this.state.update({ earlier: page.cursor });
    this.dropArrived();
    return conversation;
  }

  private messages(before: string | undefined): Promise<{ messages: Message[]; cursor?: string }> {
    const { api, coachId } = this.ports;
    return api.messages(coachId, this.conversationId, { before, limit: PAGE });
  }

  /** Show what was sent before the page was left, and was not heard of since; returns what to do with it. */
  private outgoing(): ReturnType<Kept["outgoing"]> {
    const kept = this.ports.kept.outgoing(this.conversationId);
    const unsent = kept.filter((said) => this.lines.find(said.clientMessageId) === undefined);
    for (const said of unsent) this.lines.append(personLine(said, said.held ? "unsent" : "sending"));
    return unsent;
  }

  /** Forget what was thought unsent and is among the saved messages all the same: only its receipt was lost. */
  private dropArrived(): void {
    const saved = this.lines.all().filter((line) => line.kind === "person" && line.messageId !== undefined);
    for (const { clientMessageId, sentAt, text } of this.ports.kept.outgoing(this.conversationId)) {
      if (!saved.some((line) => line.at === sentAt && line.kind === "person" && line.text === text)) continue;
      this.ports.kept.forgetOutgoing(this.conversationId, clientMessageId);
      if (this.lines.isUnsent(clientMessageId)) this.lines.remove(clientMessageId);
    }
  }

  private attach(turnId: string): Promise<void> {
    return this.follow(this.ports.streams.attach(this.conversationId, { turnId }), {});
  }

  private async deliver(said: Said): Promise<void> {
    const { kept, streams } = this.ports;
    const key = said.clientMessageId;
    kept.keepOutgoing(this.conversationId, said);
    this.liveText = said.text;
    await this.follow(streams.say(this.conversationId, said), {
      began: () => {
        kept.forgetOutgoing(this.conversationId, key);
        this.lines.change(key, { state: "saved" });
      },
      failed: async (error) => {
        if (error instanceof Refused && error.code === "CONVERSATION_BUSY" && error.turnId !== undefined) {
          await this.readLatest();
          await this.attach(error.turnId);
          await this.deliver(said);
          return;
        }
        kept.keepOutgoing(this.conversationId, { ...said, held: true });
        this.lines.change(key, { state: "unsent", problem: problemOf(error) });
      },
    });
  }

  private async follow(turn: TurnStream, hooks: Hooks): Promise<void> {
    this.turn = turn;
    this.live = undefined;
    this.state.update({ phase: "sending", progress: "", connection: "connecting" });
    let failure: unknown;
    try {
      for await (const update of turn) this.take(update, hooks);
    } catch (error) {
      failure = error;
    }
    this.frames.flush();
    if (this.turn === turn) this.turn = undefined;
    if (this.closed) return;
    this.state.update({ phase: "idle", progress: "", connection: "open" });
    if (failure === undefined) return;
    // What has begun is saved: it is its answer that was lost sight of.
    const live = this.live as CoachLine | undefined;
    if (live !== undefined) this.finish({ ...live, state: "partial", problem: problemOf(failure) });
    else await hooks.failed?.(failure);
  }

  private take(update: TurnUpdate, hooks: Hooks): void {
    switch (update.type) {
      case "connection":
        return this.state.update({ connection: update.state });
      case "progress":
        return this.state.update({ progress: update.message });
      case "start":
        hooks.began?.();
        return this.begin(update);
      case "complete":
        return this.completed(update);
      case "error":
        return this.failed(update);
    }
    const live = this.live;
    if (live === undefined) return;
    switch (update.type) {
      case "contextual":
        this.live = { ...live, parts: grown(live.parts, { type: "update", stage: update.stage, text: update.content }) };
        break;
      case "chunk":
        this.live = { ...live, parts: grown(live.parts, { type: "answer", text: update.content }) };
        break;
      case "recall":
        this.live = { ...live, recalled: update.memories };
        break;
      case "notice":
        this.live = { ...live, notices: [...live.notices, update] };
        if (update.kind === "safety") this.state.update({ announcement: update.message });
    }
    this.frames.request();
  }

  private begin({ messageId, turnId }: Start): void {
    const shown = this.lines.find(messageId);
    if (shown?.kind === "coach" && shown.state === "complete") return;
    const at = new Date().toISOString();
    const empty = { parts: [], recalled: [], notices: [] };
    this.live = { kind: "coach", key: messageId, messageId, turnId, at, state: "writing", ...empty };
    this.lines.append(this.live);
    const phase = this.state.get().phase === "stopping" ? "stopping" : "answering";
    this.state.update({ phase, announcement: "Your coach is answering." });
  }

  private completed({ aiMessage, userMessage }: Complete): void {
    const live = this.live;
    if (userMessage !== undefined) this.lines.settleQuestion(userMessage, aiMessage.messageId);
    if (live !== undefined) {
      const parts = textOf(live.parts) === aiMessage.content ? live.parts : aiMessage.parts;
      this.finish({ ...live, parts, state: "complete", at: aiMessage.createdAt });
    } else if (this.lines.find(aiMessage.messageId) === undefined) {
      this.lines.append(lineOf(aiMessage, undefined));
    }
  }

  private failed(failure: Failure): void {
    if (this.live === undefined) throw new Refused(0, failure);
    const parts = afterFailure(this.live.parts, failure);
    const told = problem(failure.code, failure.message, failure.retryable);
    this.finish({ ...this.live, parts, state: "partial", problem: told });
  }

  private finish(line: CoachLine): void {
    const { messageId, turnId, recalled, notices, parts } = line;
    this.live = line;
    this.frames.request();
    this.frames.flush();
    this.live = undefined;
    this.ports.kept.keepBesides(messageId, { recalled: [...recalled], notices: [...notices] });
    const asides = parts.filter((part) => part.type === "update").map((part) => part.stage ?? "");
    const answer = parts.filter((part) => part.type !== "update").map((part) => part.text);
    const announcement = line.problem?.text ?? `Your coach says: ${spoken(answer.join(""))}`;
    this.state.update({ announcement });
    this.ports.turnEnded({ turnId, asides, text: this.liveText });
  }

  private showLive(): void {
    if (this.live !== undefined) this.lines.set(this.live);
  }

  private hold(text: string): void {
    const line = this.lines.all().findLast((one) => this.lines.isUnsent(one.key));
    if (line?.kind !== "person" || line.said === undefined) return;
    this.ports.kept.keepOutgoing(this.conversationId, { ...line.said, held: true });
    this.lines.set({ ...line, state: "unsent", problem: { code: "HELD", text, retryable: true } });
  }

  private blame(line: Line, error: unknown): void {
    this.lines.set({ ...line, problem: problemOf(error) });
  }
}

interface Hooks {
  began?(): unknown;
  failed?(error: unknown): void | Promise<void>;
}
