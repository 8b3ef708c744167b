import { useRef, useState, type ReactNode, type RefObject } from "react";
import { problemOf } from "../thread/problems";
import { useModal } from "./hooks";

interface Props {
  title: string;
  text: string;
  action: string;
  /** Where the focus goes when what was pressed is gone. */
  afterwards: RefObject<HTMLElement | null>;
  onConfirm(): Promise<void>;
  onClose(): void;
}

export function ConfirmDialog({ title, text, action, afterwards, onConfirm, onClose }: Props): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState("");
  const [working, setWorking] = useState(false);
  useModal(dialog, { onClose, otherwise: afterwards });
  const confirm = async (): Promise<void> => {
    setWorking(true);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setProblem(problemOf(error).text);
      setWorking(false);
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
        <button type="button" className="danger" disabled={working} onClick={() => void confirm()}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
