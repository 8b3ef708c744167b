import { memo, useEffect, useState, type ReactNode } from "react";
import type { Keepsakes } from "../desk/keepsakes";
import { Markdown } from "../markdown/Markdown";
import type { Notice, Part, RecalledMemory } from "../stream";
import { answerOf, type CoachLine } from "../thread/lines";
import type { Thread } from "../thread/thread";
import { toMessageBox, useStore } from "./hooks";
import { Icon } from "./icons";
import { clock } from "./times";
import { WorkoutCard } from "./WorkoutCard";

interface Props {
  line: CoachLine;
  thread: Thread;
  keepsakes: Keepsakes;
  coachName: string;
  last: boolean;
  onKeepsakes(): void;
}

export function CoachMessage({ line, thread, keepsakes, coachName, last, onKeepsakes }: Props): ReactNode {
  const { parts, state, notices, recalled, at, turnId, problem } = line;
  const writing = state === "writing";
  const asides = parts.filter((part) => part.type === "update");
  const answer = parts.filter((part) => part.type !== "update");
  return (
    <article aria-busy={writing}>
      <h2 className="visually-hidden">
        {coachName} said, {clock(at)}
      </h2>
      {notices.filter((notice) => notice.kind === "safety").map((notice) => (
        <NoticeBox key={notice.message} notice={notice} />
      ))}
      {asides.length > 0 && <Asides asides={asides} />}
      {recalled.length > 0 && <Receipts recalled={recalled} onKeepsakes={onKeepsakes} />}
      <div className="answer" dir="auto" data-growing={writing && answer.length > 0}>
        {answer.map((part, index) => (
          <Markdown key={index} text={part.text} growing={writing} />
        ))}
      </div>
      {writing && answer.length === 0 && <Waiting thread={thread} />}
      {notices.filter((notice) => notice.kind !== "safety").map((notice) => (
        <NoticeBox key={notice.message} notice={notice} />
      ))}
      {problem && <p className={problem.code === "CANCELLED" ? "stamp" : "problem"}>{problem.text}</p>}
      {state === "partial" && !problem && <p className="stamp">This answer is not complete.</p>}
      <Kept keepsakes={keepsakes} turnId={turnId} onKeepsakes={onKeepsakes} />
      <div className="message-actions">{!writing && <Actions line={line} thread={thread} last={last} />}</div>
    </article>
  );
}

const Asides = memo(
  function Asides({ asides }: { asides: readonly Part[] }) {
    return (
      <ul className="asides" aria-label="On the side">
        {asides.map((aside, index) => (
          <li key={index} dir="auto">
            {aside.text.trim()}
          </li>
        ))}
      </ul>
    );
  },
  (was, is) => was.asides.length === is.asides.length,
);

function Waiting({ thread }: { thread: Thread }): ReactNode {
  const { progress, phase } = useStore(thread.state);
  return (
    <p className="waiting">
      <span className="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {phase === "stopping" ? "Stopping" : progress || "On it"}
    </p>
  );
}

function Receipts({ recalled, onKeepsakes }: { recalled: readonly RecalledMemory[]; onKeepsakes(): void }): ReactNode {
  const count = recalled.length === 1 ? "something" : `${recalled.length} things`;
  return (
    <details className="receipts">
      <summary>
        <Icon name="notes" />
        Remembers {count} you said
      </summary>
      <ul>
        {recalled.map(({ memoryId, snippet }) => (
          <li key={memoryId} dir="auto">
            {snippet}
          </li>
        ))}
      </ul>
      <button type="button" className="link-button" onClick={onKeepsakes}>
        See or change what is remembered
      </button>
    </details>
  );
}

function NoticeBox({ notice }: { notice: Notice }): ReactNode {
  const safety = notice.kind === "safety";
  return (
    <div className={safety ? "notice safety" : "notice"} role="note">
      <Icon name={safety ? "care" : "info"} />
      <p dir="auto">{notice.message}</p>
    </div>
  );
}

/** What was kept of this turn: the workouts it logged, the memories it left. */
function Kept({ keepsakes, turnId, onKeepsakes }: { keepsakes: Keepsakes; turnId: string; onKeepsakes(): void }): ReactNode {
  const { workouts, memories } = useStore(keepsakes.state);
  const logged = workouts.filter((workout) => workout.turnId === turnId);
  const remembered = memories.filter((memory) => memory.turnId === turnId);
  return (
    <>
      {logged.map((workout) => (
        <WorkoutCard key={workout.workoutId} workout={workout} />
      ))}
      {remembered.map((memory) => (
        <p className="remembered" key={memory.memoryId}>
          <Icon name="check" />
          <span>
            Noted: {memory.content}{" "}
            <button type="button" className="link-button" onClick={onKeepsakes}>
              Change
            </button>
          </span>
        </p>
      ))}
    </>
  );
}

function Actions({ line, thread, last }: { line: CoachLine; thread: Thread; last: boolean }): ReactNode {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_600);
    return () => clearTimeout(timer);
  }, [copied]);
  const text = answerOf(line.parts);
  return (
    <>
      {text !== "" && "clipboard" in navigator && (
        <button
          type="button"
          className="quiet square"
          aria-label={copied ? "Copied" : "Copy this answer"}
          title={copied ? "Copied" : "Copy"}
          onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true), () => undefined)}
        >
          <Icon name={copied ? "check" : "copy"} />
        </button>
      )}
      {last && <TryAgain thread={thread} />}
      <time className="stamp" dateTime={line.at}>
        {clock(line.at)}
      </time>
    </>
  );
}

function TryAgain({ thread }: { thread: Thread }): ReactNode {
  const { phase } = useStore(thread.state);
  if (phase !== "idle") return null;
  const again = (): void => {
    void thread.again();
    toMessageBox();
  };
  return (
    <button type="button" className="quiet" onClick={again}>
      <Icon name="again" />
      Try again
    </button>
  );
}
