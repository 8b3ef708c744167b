import { useRef, useState, type FormEvent, type ReactNode } from "react";
import type { Coach } from "../api/types";
import type { Desk } from "../desk/desk";
import { problemOf } from "../thread/problems";
import { configIn, refusalOf } from "./coachForm";
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
  const unsaved = (): void => setProblem("Your changes are not saved yet. Save them, or Cancel drops them.");
  const leave = useModal(dialog, { onClose, onUnsaved: unsaved });

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const config = configIn(new FormData(event.currentTarget));
    const refusal = refusalOf(config);
    setProblem(refusal);
    if (refusal !== "") return;
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
    <dialog ref={dialog} className="modal tall" aria-labelledby="coach-title">
      <form onSubmit={(event) => void submit(event)}>
        <header className="modal-head">
          <h2 id="coach-title">{coach ? `Set up ${coach.name}` : "A new coach"}</h2>
          <button type="button" className="quiet square" aria-label="Close" title="Close" onClick={leave}>
            <Icon name="close" />
          </button>
        </header>
        <div className="modal-body">
          <Field name="name" label="Name">
            <input id="name" name="name" dir="auto" required maxLength={60} defaultValue={coach?.name} autoComplete="off" />
          </Field>
          <Field name="persona" label="Persona" hint="Who they are, in a sentence or two.">
            <Text name="persona" value={coach?.persona} rows={3} maxLength={2000} required />
          </Field>
          <Field name="style" label="Style" hint="How they talk to you.">
            <Text name="style" value={coach?.style} rows={2} maxLength={1000} />
          </Field>
          <Field name="specialities" label="Specialities" hint="One a line.">
            <Text name="specialities" value={coach?.specialities.join("\n")} rows={3} />
          </Field>
          <Field name="goals" label="Your goals" hint="One a line. They are in view in every answer.">
            <Text name="goals" value={coach?.goals.join("\n")} rows={3} />
          </Field>
          <Field name="limits" label="Limits" hint="One a line. What this coach is to leave alone.">
            <Text name="limits" value={coach?.limits.join("\n")} rows={3} />
          </Field>
        </div>
        <div className="modal-foot">
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

interface TextProps {
  name: string;
  value: string | undefined;
  rows: number;
  maxLength?: number;
  required?: boolean;
}

function Text({ name, value, ...rest }: TextProps): ReactNode {
  return <textarea id={name} name={name} dir="auto" defaultValue={value} aria-describedby={`${name}-hint`} {...rest} />;
}

function newId(name: string): string {
  const words = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return `${words.slice(0, 40) || "coach"}-${crypto.randomUUID().slice(0, 8)}`;
}
