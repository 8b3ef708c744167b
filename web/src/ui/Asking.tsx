import { useState, type ReactNode } from "react";
import { problemOf } from "../thread/problems";

interface Props {
  question: string;
  action: string;
  onYes(): Promise<void>;
  onNo(): void;
}

/** Asks once more, in the place of what was pressed, before something goes for good. */
export function Asking({ question, action, onYes, onNo }: Props): ReactNode {
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState("");
  const agree = async (): Promise<void> => {
    setWorking(true);
    setProblem("");
    try {
      await onYes();
    } catch (error) {
      setProblem(problemOf(error).text);
      setWorking(false);
    }
  };
  return (
    <div className="asking" role="group" aria-label={question}>
      <p className={problem === "" ? "" : "problem"} role={problem === "" ? undefined : "alert"}>
        {problem || question}
      </p>
      <span>
        <button type="button" autoFocus onClick={onNo}>
          Keep it
        </button>
        <button type="button" className="danger" disabled={working} onClick={() => void agree()}>
          {action}
        </button>
      </span>
    </div>
  );
}
