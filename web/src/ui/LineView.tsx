import { memo, useState, type ReactNode } from "react";
import type { Keepsakes } from "../desk/keepsakes";
import type { Line, PersonLine } from "../thread/lines";
import type { Store } from "../thread/store";
import type { Thread } from "../thread/thread";
import { CoachMessage } from "./CoachMessage";
import { toMessageBox, useStore } from "./hooks";
import { clock } from "./times";

/** From how many characters or lines on a message counts as long. */
const LONG = 1_500;
const LONG_LINES = 24;

interface Props {
  store: Store<Line>;
  thread: Thread;
  keepsakes: Keepsakes;
  coachName: string;
  day: string | undefined;
  last: boolean;
  onKeepsakes(): void;
  onEdit(text: string): void;
}

/** One line of the conversation; it draws anew only when its own store changes. */
export const LineView = memo(
  function LineView({ store, thread, keepsakes, coachName, day, last, onKeepsakes, onEdit }: Props) {
    const line = useStore(store);
    return (
      <li className={`line ${line.kind}`} data-state={line.state} data-message-id={line.messageId}>
        {day !== undefined && <p className="day">{day}</p>}
        {line.kind === "person" ? (
          <PersonMessage line={line} thread={thread} onEdit={onEdit} />
        ) : (
          <CoachMessage
            line={line}
            thread={thread}
            keepsakes={keepsakes}
            coachName={coachName}
            last={last}
            onKeepsakes={onKeepsakes}
          />
        )}
      </li>
    );
  },
  (was, is) =>
    was.store === is.store && was.day === is.day && was.last === is.last && was.coachName === is.coachName,
);

function PersonMessage({ line, thread, onEdit }: { line: PersonLine; thread: Thread; onEdit(text: string): void }): ReactNode {
  const { text, at, state, problem, key } = line;
  return (
    <article>
      <h2 className="visually-hidden">You said, {clock(at)}</h2>
      <Bubble text={text} />
      {state === "unsent" && (
        <div className="unsent" role="alert">
          <p>Not sent. {problem?.text}</p>
          {problem?.retryable !== false && (
            <button
              type="button"
              onClick={() => {
                void thread.sendAgain(key);
                toMessageBox();
              }}
            >
              Send again
            </button>
          )}
          <button type="button" onClick={() => onEdit(thread.takeBack(key))}>
            Edit
          </button>
        </div>
      )}
      {state === "sending" && <Sending thread={thread} />}
    </article>
  );
}

function Sending({ thread }: { thread: Thread }): ReactNode {
  const { connection } = useStore(thread.state);
  return <p className="stamp">{connection === "offline" ? "Waits for the network…" : "Sending…"}</p>;
}

/** A long message shows its beginning; all of it is there for who looks or listens on. */
function Bubble({ text }: { text: string }): ReactNode {
  const [whole, setWhole] = useState(false);
  const long = text.length > LONG || text.split("\n").length > LONG_LINES;
  return (
    <>
      <p className={long && !whole ? "bubble cut" : "bubble"} dir="auto">
        {text}
      </p>
      {long && (
        <button type="button" className="link-button" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? "Show less" : "Show all of it"}
        </button>
      )}
    </>
  );
}
