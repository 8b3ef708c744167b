/** What is on the table: the coach, the conversations with them, and the one that is open. */

import type { CoachApi } from "../api/coachApi";
import type { Coach, CoachConfig, Conversation } from "../api/types";
import type { SiteConfig } from "../session/config";
import type { Session } from "../session/session";
import { browserNetwork, Refused, StreamClient } from "../stream";
import type { Kept } from "../thread/kept";
import { problemOf } from "../thread/problems";
import { Store } from "../thread/store";
import { Thread } from "../thread/thread";
import type { Keepsakes } from "./keepsakes";
import { parsePlace, placeHash } from "./place";

const TITLE_LENGTH = 64;

/** Whether going somewhere is a step of its own for the browser's way back. */
type Entry = "push" | "replace";

export interface DeskState {
  phase: "loading" | "ready" | "unreadable";
  problem: string;
  coachId: string;
  coach?: Coach | undefined;
  /** The names of the person's coaches, by id. */
  coaches: Readonly<Record<string, string>>;
  conversations: readonly Conversation[];
  more?: string | undefined;
  titles: Readonly<Record<string, string>>;
  thread?: Thread | undefined;
}

interface Ports {
  config: SiteConfig;
  session: Session;
  api: CoachApi;
  kept: Kept;
  keepsakes: Keepsakes;
}

export class Desk {
  readonly state: Store<DeskState>;
  readonly kept: Kept;
  private readonly ports: Ports;

  constructor(ports: Ports) {
    this.ports = ports;
    this.kept = ports.kept;
    const coachId = parsePlace(location.hash).coachId ?? ports.config.starterCoachId;
    this.state = new Store<DeskState>({
      phase: "loading",
      problem: "",
      coachId,
      coaches: {},
      conversations: [],
      titles: ports.kept.titles(),
    });
  }

  /** Show the coach of the page's address, or the one that everybody has. */
  async start(): Promise<void> {
    const place = parsePlace(location.hash);
    await Promise.all([this.show(this.state.get().coachId, place.conversationId), this.nameCoaches()]);
  }

  /** Go where the page's address points: the person went back or forward, or changed it. */
  async follow(): Promise<void> {
    const { coachId, conversationId } = parsePlace(location.hash);
    if (coachId !== undefined && coachId !== this.state.get().coachId) await this.show(coachId, conversationId);
    else if (conversationId !== undefined) this.open(conversationId, "replace");
  }

  async selectCoach(coachId: string): Promise<void> {
    if (coachId !== this.state.get().coachId) await this.show(coachId, undefined, "push");
  }

  /** Open a conversation; with `push` the browser's way back leads to the one before. */
  open(conversationId: string, entry: Entry = "push"): void {
    const { thread, coachId } = this.state.get();
    if (thread?.conversationId === conversationId) return;
    thread?.close();
    const opened = this.threadOf(coachId, conversationId);
    this.state.update({ thread: opened });
    const hash = placeHash({ coachId, conversationId });
    if (entry === "push" && location.hash !== hash) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
    void opened.load();
  }

  /** Nobody looks any more: end what goes on. */
  close(): void {
    this.state.get().thread?.close();
    this.ports.keepsakes.close();
  }

  /** Go to an empty conversation: one that is there already, or a new one. */
  async begin(entry: Entry = "push"): Promise<void> {
    const { coachId, conversations } = this.state.get();
    const empty = conversations.find((one) => one.messageCount === 0);
    if (empty !== undefined) {
      this.open(empty.conversationId, entry);
      return;
    }
    const { conversationId } = await this.ports.api.createConversation(coachId);
    const now = new Date().toISOString();
    const made = { conversationId, coachId, messageCount: 0, createdAt: now, lastActivityAt: now };
    this.state.update({ conversations: [made, ...this.state.get().conversations] });
    this.open(conversationId, entry);
  }

  async remove(conversationId: string): Promise<void> {
    const { coachId, thread, conversations } = this.state.get();
    await this.ports.api.deleteConversation(coachId, conversationId);
    const left = conversations.filter((one) => one.conversationId !== conversationId);
    this.state.update({ conversations: left });
    if (thread?.conversationId !== conversationId) return;
    const next = left[0];
    if (next === undefined) await this.begin("replace");
    else this.open(next.conversationId, "replace");
  }

  async saveCoach(coachId: string, config: CoachConfig): Promise<void> {
    const coach = await this.ports.api.saveCoach(coachId, config);
    this.name(coach);
    if (coachId === this.state.get().coachId) this.state.update({ coach });
    else void this.show(coachId, undefined, "push");
  }

  async loadMore(): Promise<void> {
    const { coachId, conversations, more } = this.state.get();
    if (more === undefined) return;
    const page = await this.ports.api.conversations(coachId, more);
    const shown = new Set(conversations.map((one) => one.conversationId));
    const found = page.conversations.filter((one) => !shown.has(one.conversationId));
    this.state.update({ conversations: [...conversations, ...found], more: page.cursor });
    void this.nameConversations(page.conversations);
  }

  private async show(coachId: string, conversationId: string | undefined, entry: Entry = "replace"): Promise<void> {
    this.state.get().thread?.close();
    const none = { coach: undefined, thread: undefined, conversations: [], more: undefined };
    this.state.update({ phase: "loading", coachId, ...none });
    try {
      const page = await this.ports.api.conversations(coachId);
      const asked = await this.asked(coachId, conversationId, page.conversations);
      const known = asked === undefined || page.conversations.includes(asked) ? [] : [asked];
      this.state.update({ conversations: [...page.conversations, ...known], more: page.cursor });
      const chosen = asked ?? page.conversations[0];
      if (chosen !== undefined) this.open(chosen.conversationId, entry);
      // The first conversation is what gives a person their starter coach.
      else await this.begin(entry);
      const coach = await this.ports.api.coach(coachId);
      this.name(coach);
      this.state.update({ coach, phase: "ready" });
      void this.nameConversations(page.conversations);
    } catch (error) {
      const starter = this.ports.config.starterCoachId;
      if (error instanceof Refused && error.code === "COACH_CONFIG_NOT_FOUND" && coachId !== starter) {
        this.forgetCoach(coachId);
        await this.show(starter, undefined, entry);
        return;
      }
      this.state.update({ phase: "unreadable", problem: problemOf(error).text });
    }
  }

  /** Returns the conversation that the page's address names, if there is one: it may be older than the first page. */
  private async asked(
    coachId: string,
    id: string | undefined,
    page: readonly Conversation[],
  ): Promise<Conversation | undefined> {
    const listed = page.find((one) => one.conversationId === id);
    if (listed !== undefined || id === undefined) return listed;
    try {
      return await this.ports.api.conversation(coachId, id);
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return undefined;
      throw error;
    }
  }

  private threadOf(coachId: string, conversationId: string): Thread {
    const { api, config, session, kept, keepsakes } = this.ports;
    const streams = new StreamClient({
      baseUrl: config.apiUrl,
      restUrl: config.restUrl,
      transport: config.transport,
      userId: session.userId,
      coachId,
      token: session.token,
      rejected: session.rejected,
      network: browserNetwork,
    });
    return new Thread({
      api,
      streams,
      kept,
      coachId,
      conversationId,
      isNew: this.state.get().conversations.some((one) => one.conversationId === conversationId && one.messageCount === 0),
      turnEnded: (end) => keepsakes.lookAfter(end),
      said: (text) => this.moved(conversationId, text),
    });
  }

  /** Something was said: the conversation goes to the top, and has a name from then on. */
  private moved(conversationId: string, text: string): void {
    const { conversations, titles } = this.state.get();
    const moved = conversations.find((one) => one.conversationId === conversationId);
    if (moved !== undefined) {
      const now = { ...moved, lastActivityAt: new Date().toISOString(), messageCount: moved.messageCount + 2 };
      this.state.update({ conversations: [now, ...conversations.filter((one) => one !== moved)] });
    }
    if (titles[conversationId] === undefined) this.entitle({ [conversationId]: text });
  }

  private async nameConversations(found: readonly Conversation[]): Promise<void> {
    const { titles, coachId } = this.state.get();
    const unnamed = found.filter((one) => one.messageCount > 0 && titles[one.conversationId] === undefined);
    for (const { conversationId } of unnamed) {
      if (this.state.get().coachId !== coachId) return;
      try {
        const { messages } = await this.ports.api.messages(coachId, conversationId, { limit: 4 });
        const asked = messages.find((message) => message.role === "user");
        if (asked !== undefined) this.entitle({ [conversationId]: asked.content });
      } catch {
        return;
      }
    }
  }

  private entitle(texts: Record<string, string>): void {
    const short = Object.entries(texts).map(([id, text]) => [id, titleOf(text)] as const);
    const titles = { ...this.state.get().titles, ...Object.fromEntries(short) };
    this.state.update({ titles });
    this.kept.keepTitles(titles);
  }

  private name({ coachId, name }: Coach): void {
    const coaches = { ...this.state.get().coaches, [coachId]: name };
    this.state.update({ coaches });
  }

  private async nameCoaches(): Promise<void> {
    let after: string | undefined;
    try {
      do {
        const page = await this.ports.api.coaches(after);
        page.coaches.forEach((coach) => this.name(coach));
        after = page.next;
      } while (after !== undefined);
    } catch {
      // The choice holds the coach that is shown, and those that were read.
    }
  }

  private forgetCoach(coachId: string): void {
    const { [coachId]: _, ...coaches } = this.state.get().coaches;
    this.state.update({ coaches });
  }
}

export function titleOf(text: string): string {
  const plain = text.replace(/^\/log-workout\s*/, "").replace(/\s+/g, " ").trim();
  const short = plain.length > TITLE_LENGTH ? `${plain.slice(0, TITLE_LENGTH - 1).trimEnd()}…` : plain;
  return short === "" ? "Conversation" : short;
}
