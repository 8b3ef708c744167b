import { useRef, useState, type FormEvent, type ReactNode } from "react";
import type { Coach } from "../api/types";
import type { Desk } from "../desk/desk";
import { problemOf } from "../thread/problems";
import { configIn } from "./coachForm";
import { useModal } from "./hooks";
import { Icon } from "./icons";

interface Props {
  desk: Desk;
  /** The coach to change; none for a new one. */
  coach: Coach | undefined;
  onClose(): void;
}

export function CoachDialog({ desk, coach, onClose }: Props): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState("");
  const [saving, setSaving] = useState(false);
  useModal(dialog, onClose);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const config = configIn(new FormData(event.currentTarget));
    setSaving(true);
    try {
      await desk.saveCoach(coach?.coachId ?? newId(config.name), config);
      onClose();
    } catch (error) {
      setProblem(error instanceof Error && "code" in error ? error.message : problemOf(error).text);
      setSaving(false);
    }
  };

  return (
    <dialog ref={dialog} className="modal" aria-labelledby="coach-title">
      <form onSubmit={(event) => void submit(event)}>
        <header className="modal-head">
          <h2 id="coach-title">{coach ? `Set up ${coach.name}` : "A new coach"}</h2>
          <button type="button" className="quiet square" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        <Field name="name" label="Name">
          <input id="name" name="name" required maxLength={60} defaultValue={coach?.name} autoComplete="off" />
        </Field>
        <Field name="persona" label="Persona" hint="Who they are, in a sentence or two.">
          <textarea id="persona" name="persona" required maxLength={2000} rows={3} defaultValue={coach?.persona} aria-describedby="persona-hint" />
        </Field>
        <Field name="style" label="Style" hint="How they talk to you.">
          <textarea id="style" name="style" maxLength={1000} rows={2} defaultValue={coach?.style} aria-describedby="style-hint" />
        </Field>
        <Field name="specialities" label="Specialities" hint="One a line.">
          <Lines name="specialities" values={coach?.specialities} />
        </Field>
        <Field name="goals" label="Your goals" hint="One a line. They are in view in every answer.">
          <Lines name="goals" values={coach?.goals} />
        </Field>
        <Field name="limits" label="Limits" hint="One a line. What this coach is to leave alone.">
          <Lines name="limits" values={coach?.limits} />
        </Field>
        {problem !== "" && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <div className="actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="primary" disabled={saving}>
            {saving ? "Saving…" : "Save"}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function Field({ name, label, hint, children }: { name: string; label: string; hint?: string; children: ReactNode }): ReactNode {
  return (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      {children}
      {hint !== undefined && (
        <p id={`${name}-hint`} className="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

function Lines({ name, values }: { name: string; values: string[] | undefined }): ReactNode {
  return <textarea id={name} name={name} rows={3} defaultValue={values?.join("\n")} aria-describedby={`${name}-hint`} />;
}

function newId(name: string): string {
  const words = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return `${words.slice(0, 40) || "coach"}-${crypto.randomUUID().slice(0, 8)}`;
}
