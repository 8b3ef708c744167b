import { useEffect, useEffectEvent, useRef, useState, type FormEvent, type ReactNode } from "react";
import { flushSync } from "react-dom";
import type { Memory } from "../api/types";
import type { Keepsakes } from "../desk/keepsakes";
import type { PersonalData } from "../desk/personalData";
import { problemOf } from "../thread/problems";
import { Asking } from "./Asking";
import { useModal, useStore } from "./hooks";
import { Icon } from "./icons";
import { shortDay } from "./times";
import { WorkoutCard } from "./WorkoutCard";
import { YourData } from "./YourData";

interface Props {
  keepsakes: Keepsakes;
  data: PersonalData;
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
export function KeepsakeDrawer({ keepsakes, data, coachName, onClose }: Props): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const { memories, workouts, moreMemories, moreWorkouts, loaded } = useStore(keepsakes.state);
  const memoriesTitle = useRef<HTMLHeadingElement>(null);
  const workoutsTitle = useRef<HTMLHeadingElement>(null);
  const [problem, setProblem] = useState("");
  const [done, setDone] = useState("");
  const unsaved = (): void => setProblem("Your correction is not saved yet. Save it, or Cancel drops it.");
  const leave = useModal(dialog, { onClose, onUnsaved: unsaved });

  const attempt = (work: Promise<unknown>): void => {
    setProblem("");
    work.catch((error: unknown) => setProblem(problemOf(error).text));
  };
  const read = (): void => attempt(keepsakes.refresh());
  const first = useEffectEvent(read);
  useEffect(() => first(), []);

  const forget = async (id: string): Promise<void> => {
    await keepsakes.forget(id);
    setDone("Forgotten.");
    memoriesTitle.current?.focus();
  };
  const deleteWorkout = async (id: string): Promise<void> => {
    await keepsakes.deleteWorkout(id);
    setDone("Deleted.");
    workoutsTitle.current?.focus();
  };

  return (
    <dialog ref={dialog} className="drawer right" aria-labelledby="keepsakes-title">
      <div className="drawer-body">
        <header className="modal-head">
          <h2 id="keepsakes-title">Notes on you</h2>
          <button type="button" className="quiet square" aria-label="Close" title="Close" onClick={leave}>
            <Icon name="close" />
          </button>
        </header>
        {problem !== "" && (
          <p className="problem" role="alert">
            {problem}{" "}
            {!loaded && (
              <button type="button" className="link-button" onClick={read}>
                Try again
              </button>
            )}
          </p>
        )}
        <p className="visually-hidden" role="status">
          {done}
        </p>
        {!loaded && problem === "" && <div className="skeleton" role="status" aria-label="Looking up your notes" />}
        <section aria-labelledby="memories-title">
          <h3 id="memories-title" ref={memoriesTitle} tabIndex={-1}>
            What {coachName} remembers
          </h3>
          {loaded && memories.length === 0 && (
            <p className="empty">Nothing yet. Say “remember that…” and it is noted here, for you to change or forget.</p>
          )}
          <ul className="memories">
            {memories.map((memory) => (
              <MemoryItem
                key={memory.memoryId}
                memory={memory}
                onCorrect={(text) => keepsakes.correct(memory.memoryId, text)}
                onForget={() => forget(memory.memoryId)}
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
          <h3 id="workouts-title" ref={workoutsTitle} tabIndex={-1}>
            Your training log
          </h3>
          {loaded && workouts.length === 0 && (
            <p className="empty">No sessions yet. Tell {coachName} what you did, or begin with /log-workout.</p>
          )}
          {workouts.map((workout) => (
            <WorkoutCard
              key={workout.workoutId}
              workout={workout}
              onDelete={() => deleteWorkout(workout.workoutId)}
            />
          ))}
          {moreWorkouts !== undefined && (
            <button type="button" className="quiet wide" onClick={() => attempt(keepsakes.more("workouts"))}>
              Show more
            </button>
          )}
        </section>
        <YourData data={data} />
      </div>
    </dialog>
  );
}

interface ItemProps {
  memory: Memory;
  onCorrect(text: string): Promise<void>;
  onForget(): Promise<void>;
}

function MemoryItem({ memory, onCorrect, onForget }: ItemProps): ReactNode {
  const [mode, setMode] = useState<"shown" | "editing" | "asking">("shown");
  const correctButton = useRef<HTMLButtonElement>(null);
  const forgetButton = useRef<HTMLButtonElement>(null);
  const [problem, setProblem] = useState("");
  const { content, type, createdAt, memoryId } = memory;

  const backTo = (button: typeof correctButton): void => {
    flushSync(() => setMode("shown"));
    button.current?.focus();
  };

  const save = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get("content") ?? "").trim();
    try {
      if (text !== content) await onCorrect(text);
      backTo(correctButton);
    } catch (error) {
      setProblem(problemOf(error).text);
    }
  };

  if (mode === "editing") {
    return (
      <li className="memory">
        <form onSubmit={(event) => void save(event)}>
          <label className="visually-hidden" htmlFor={`memory-${memoryId}`}>
            Correct this note
          </label>
          <textarea id={`memory-${memoryId}`} dir="auto" name="content" rows={3} maxLength={2000} required autoFocus defaultValue={content} />
          {problem !== "" && (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
          <div className="actions">
            <button type="button" onClick={() => backTo(correctButton)}>
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
      <p dir="auto">{content}</p>
      {mode === "asking" ? (
        <Asking
          question="Forget this for good?"
          action="Yes, forget"
          onYes={onForget}
          onNo={() => backTo(forgetButton)}
        />
      ) : (
        <footer>
          <span>
            {KINDS[type]} · {shortDay(createdAt)}
          </span>
          <button type="button" className="quiet" ref={correctButton} onClick={() => setMode("editing")}>
            <Icon name="edit" />
            Correct<span className="visually-hidden">: {content}</span>
          </button>
          <button type="button" className="quiet" ref={forgetButton} onClick={() => setMode("asking")}>
            <Icon name="trash" />
            Forget<span className="visually-hidden">: {content}</span>
          </button>
        </footer>
      )}
    </li>
  );
}
