import { useRef, useState, type ReactNode } from "react";
import { problemOf } from "../thread/problems";
import { useModal } from "./hooks";

interface Props {
  title: string;
  text: string;
  action: string;
  onConfirm(): Promise<void>;
  onClose(): void;
}

export function ConfirmDialog({ title, text, action, onConfirm, onClose }: Props): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState("");
  useModal(dialog, onClose);
  const confirm = async (): Promise<void> => {
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setProblem(problemOf(error).text);
    }
  };
  return (
    <dialog ref={dialog} className="modal small" aria-labelledby="confirm-title">
      <h2 id="confirm-title">{title}</h2>
      <p>{text}</p>
      {problem !== "" && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="actions">
        <button type="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" className="danger" onClick={() => void confirm()}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
