/**
 * A client of the coach's streams, without a user interface.
 *
 *     const client = new StreamClient({ baseUrl, userId, coachId, token });
 *     const turn = client.say(conversationId, { text, clientMessageId: crypto.randomUUID(), sentAt });
 *     for await (const update of turn) …     // typed events, and how the connection fares
 *     await turn.cancel();
 *
 * What is iterated ends with `complete` or `error`; without either where it was closed, or where nothing runs that could
 * be watched. It throws `Refused` where the service says no and another try would not mend it. Whoever stops iterating
 * (`break`, `close()`) hangs up and leaves nothing behind; the turn goes on.
 */

import { browserNetwork } from "./network";
import type { Access } from "./requests";
import { TurnStream, type Subject } from "./turnStream";
import type { Again, Said, StreamOptions } from "./types";

export class StreamClient {
  private readonly options: StreamOptions;
  private readonly access: Access;

  constructor(options: StreamOptions) {
    this.options = options;
    const { baseUrl, token, rejected, network = browserNetwork } = options;
    this.access = { baseUrl, network, token, rejected };
  }

  /** Say something. */
  say(conversationId: string, { text, clientMessageId, sentAt }: Said): TurnStream {
    const body = { userResponse: text, messageTimestamp: sentAt, clientMessageId };
    return this.open(conversationId, { post: { body, key: clientMessageId } });
  }

  /** Ask for another answer to the latest message; it takes the place of the old one. */
  again(conversationId: string, { userMessageId, answerId }: Again): TurnStream {
    const messages = [{ id: userMessageId, role: "user", parts: [] }];
    const which = answerId === undefined ? {} : { messageId: answerId };
    const body = { id: conversationId, trigger: "regenerate-message", messages, ...which };
    return this.open(conversationId, { post: { body, key: `again-${userMessageId}-${answerId ?? ""}` } });
  }

  /** Watch a turn that runs already: behind the last event seen, else from its start. */
  attach(conversationId: string, where: { turnId?: string; lastEventId?: string } = {}): TurnStream {
    return this.open(conversationId, where);
  }

  private open(conversationId: string, subject: Omit<Subject, "path">): TurnStream {
    const { userId, coachId, restUrl, transport } = this.options;
    const path = `/users/${userId}/coaches/${coachId}/conversations/${conversationId}`;
    return new TurnStream({ path, ...subject }, { access: this.access, restUrl, transport });
  }
}
