import { useRef, useState, type ReactNode } from "react";
import type { Conversation } from "../api/types";
import type { Desk } from "../desk/desk";
import { problemOf } from "../thread/problems";
import { ConfirmDialog } from "./ConfirmDialog";
import { useStore } from "./hooks";
import { Icon } from "./icons";
import { Mark } from "./Mark";
import { nextTheme, theme } from "./theme";
import { dayGroup, shortDay } from "./times";

interface Props {
  desk: Desk;
  onOpen(what: "coach" | "new-coach" | "keepsakes"): void;
  onPicked(): void;
  /** Only where it lies over the page. */
  onClose?: (() => void) | undefined;
  onSignOut(): void;
}

const THEMES = {
  system: { icon: "auto", label: "Colours: as the system" },
  light: { icon: "sun", label: "Colours: light" },
  dark: { icon: "moon", label: "Colours: dark" },
} as const;

export function Sidebar({ desk, onOpen, onPicked, onClose, onSignOut }: Props): ReactNode {
  const state = useStore(desk.state);
  const { conversations, titles, thread, coachId, coaches, more } = state;
  const [leaving, setLeaving] = useState<Conversation>();
  const chosen = useStore(theme);
  const known = Object.entries({ ...coaches, [coachId]: coaches[coachId] ?? "Your coach" });
  const groups = grouped(conversations);
  const begin = useRef<HTMLButtonElement>(null);
  const [problem, setProblem] = useState("");

  const attempt = async (work: Promise<void>): Promise<void> => {
    setProblem("");
    try {
      await work;
    } catch (error) {
      setProblem(problemOf(error).text);
    }
  };

  return (
    <>
      <div className="side-head">
        <Mark />
        <label className="visually-hidden" htmlFor="coach-choice">
          Coach
        </label>
        <div className="select">
          <select
            id="coach-choice"
            value={coachId}
            onChange={(event) => {
              if (event.target.value === "") onOpen("new-coach");
              else void desk.selectCoach(event.target.value);
            }}
          >
            {known.map(([id, name]) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
            <option value="">New coach…</option>
          </select>
          <Icon name="chevron" />
        </div>
        {onClose && (
          <button type="button" className="quiet square" aria-label="Close" title="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        )}
      </div>
      <button
        type="button"
        className="begin"
        ref={begin}
        onClick={() => void attempt(desk.begin().then(onPicked))}
      >
        <Icon name="plus" />
        New conversation
      </button>
      {problem !== "" && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <nav className="conversations" aria-label="Conversations">
        {[...groups].map(([group, list]) => (
          <section key={group}>
            <h2>{group}</h2>
            <ul>
              {list.map((one) => {
                const id = one.conversationId;
                const unnamed = one.messageCount === 0 ? "New conversation" : `Conversation, ${shortDay(one.createdAt)}`;
                const title = titles[id] ?? unnamed;
                return (
                  <li key={id}>
                    <button
                      type="button"
                      className="conversation"
                      dir="auto"
                      title={title}
                      aria-current={thread?.conversationId === id ? "page" : undefined}
                      onClick={() => {
                        desk.open(id);
                        onPicked();
                      }}
                    >
                      {title}
                    </button>
                    <button
                      type="button"
                      className="quiet square remove"
                      aria-label={`Delete “${title}”`}
                      title="Delete"
                      onClick={() => setLeaving(one)}
                    >
                      <Icon name="trash" />
                    </button>
                  </li>
                );
              })}
            </ul>
          </section>
        ))}
        {more !== undefined && (
          <button type="button" className="quiet wide" onClick={() => void attempt(desk.loadMore())}>
            Show more
          </button>
        )}
      </nav>
      <div className="side-foot">
        <button type="button" className="quiet square" aria-label={THEMES[chosen].label} title={THEMES[chosen].label} onClick={nextTheme}>
          <Icon name={THEMES[chosen].icon} />
        </button>
        <button type="button" className="quiet" onClick={onSignOut}>
          <Icon name="leave" />
          Sign out
        </button>
      </div>
      {leaving && (
        <ConfirmDialog
          title="Delete this conversation?"
          text="All that was said in it goes. What your coach remembers of you stays, under “Notes on you”."
          action="Delete"
          afterwards={begin}
          onConfirm={() => desk.remove(leaving.conversationId)}
          onClose={() => setLeaving(undefined)}
        />
      )}
    </>
  );
}

function grouped(conversations: readonly Conversation[]): Map<string, Conversation[]> {
  const groups = new Map<string, Conversation[]>();
  for (const one of conversations) {
    const group = dayGroup(one.lastActivityAt);
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  return groups;
}
