import { useEffect, useEffectEvent, useRef, useState, type FormEvent, type ReactNode } from "react";
import type { Memory } from "../api/types";
import type { Keepsakes } from "../desk/keepsakes";
import { problemOf } from "../thread/problems";
import { useModal, useStore } from "./hooks";
import { Icon } from "./icons";
import { shortDay } from "./times";
import { WorkoutCard } from "./WorkoutCard";

interface Props {
  keepsakes: Keepsakes;
  coachName: string;
  onClose(): void;
}

const KINDS: Record<Memory["type"], string> = {
  preference: "Preference",
  goal: "Goal",
  constraint: "Constraint",
  instruction: "Wish",
  other: "Note",
};

/** What is remembered of a person, to see, to correct and to forget. */
export function KeepsakeDrawer({ keepsakes, coachName, onClose }: Props): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const { memories, workouts, moreMemories, moreWorkouts, loaded } = useStore(keepsakes.state);
  const [problem, setProblem] = useState("");
  useModal(dialog, onClose);

  const attempt = (work: Promise<unknown>): void => {
    setProblem("");
    work.catch((error: unknown) => setProblem(problemOf(error).text));
  };
  const first = useEffectEvent(() => attempt(keepsakes.refresh()));
  useEffect(() => first(), []);

  return (
    <dialog
      ref={dialog}
      className="drawer right"
      aria-labelledby="keepsakes-title"
    >
      <div className="drawer-body">
        <header className="modal-head">
          <h2 id="keepsakes-title">Notes on you</h2>
          <button type="button" className="quiet square" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {problem !== "" && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <section aria-labelledby="memories-title">
          <h3 id="memories-title">What {coachName} remembers</h3>
          {loaded && memories.length === 0 && (
            <p className="empty">Nothing yet. Say “remember that…” and it is noted here, for you to change or forget.</p>
          )}
          <ul className="memories">
            {memories.map((memory) => (
              <MemoryItem
                key={memory.memoryId}
                memory={memory}
                onCorrect={(text) => keepsakes.correct(memory.memoryId, text)}
                onForget={() => attempt(keepsakes.forget(memory.memoryId))}
              />
            ))}
          </ul>
          {moreMemories !== undefined && (
            <button type="button" className="quiet wide" onClick={() => attempt(keepsakes.more("memories"))}>
              Show more
            </button>
          )}
        </section>
        <section aria-labelledby="workouts-title">
          <h3 id="workouts-title">Your training log</h3>
          {loaded && workouts.length === 0 && (
            <p className="empty">No sessions yet. Tell {coachName} what you did, or begin with /log-workout.</p>
          )}
          {workouts.map((workout) => (
            <WorkoutCard
              key={workout.workoutId}
              workout={workout}
              onDelete={() => attempt(keepsakes.deleteWorkout(workout.workoutId))}
            />
          ))}
          {moreWorkouts !== undefined && (
            <button type="button" className="quiet wide" onClick={() => attempt(keepsakes.more("workouts"))}>
              Show more
            </button>
          )}
        </section>
      </div>
    </dialog>
  );
}

interface ItemProps {
  memory: Memory;
  onCorrect(text: string): Promise<void>;
  onForget(): void;
}

function MemoryItem({ memory, onCorrect, onForget }: ItemProps): ReactNode {
  const [editing, setEditing] = useState(false);
  const [problem, setProblem] = useState("");
  const { content, type, createdAt, memoryId } = memory;

  const save = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get("content") ?? "").trim();
    try {
      if (text !== content) await onCorrect(text);
      setEditing(false);
    } catch (error) {
      setProblem(problemOf(error).text);
    }
  };

  if (editing) {
    return (
      <li className="memory">
        <form onSubmit={(event) => void save(event)}>
          <label className="visually-hidden" htmlFor={`memory-${memoryId}`}>
            Correct this note
          </label>
          <textarea id={`memory-${memoryId}`} name="content" rows={3} maxLength={2000} required autoFocus defaultValue={content} />
          {problem !== "" && (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
          <div className="actions">
            <button type="button" onClick={() => setEditing(false)}>
              Cancel
            </button>
            <button type="submit" className="primary">
              Save
            </button>
          </div>
        </form>
      </li>
    );
  }
  return (
    <li className="memory">
      <p>{content}</p>
      <footer>
        <span>
          {KINDS[type]} · {shortDay(createdAt)}
        </span>
        <button type="button" className="quiet" onClick={() => setEditing(true)}>
          <Icon name="edit" />
          Correct<span className="visually-hidden">: {content}</span>
        </button>
        <button type="button" className="quiet" onClick={onForget}>
          <Icon name="trash" />
          Forget<span className="visually-hidden">: {content}</span>
        </button>
      </footer>
    </li>
  );
}
