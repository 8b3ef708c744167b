import { useRef, useState, type ReactNode } from "react";
import { flushSync } from "react-dom";
import type { PersonalData } from "../desk/personalData";
import { problemOf } from "../thread/problems";
import { Asking } from "./Asking";

export function YourData({ data }: { data: PersonalData }): ReactNode {
  const [state, setState] = useState<"shown" | "gathering" | "asking">("shown");
  const [problem, setProblem] = useState("");
  const erase = useRef<HTMLButtonElement>(null);

  const download = async (): Promise<void> => {
    setState("gathering");
    setProblem("");
    try {
      save(await data.file());
    } catch (error) {
      setProblem(problemOf(error).text);
    }
    setState("shown");
  };
  const keep = (): void => {
    flushSync(() => setState("shown"));
    erase.current?.focus();
  };

  return (
    <section aria-labelledby="data-title">
      <h3 id="data-title">Your data</h3>
      <p className="empty">Conversations, notes, sessions and coaches are yours: take them along, or have them deleted.</p>
      {problem !== "" && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {state === "asking" ? (
        <Asking
          question="Delete all conversations, notes, sessions and coaches for good?"
          action="Yes, delete all"
          onYes={() => data.erase()}
          onNo={keep}
        />
      ) : (
        <div className="your-data">
          <button type="button" disabled={state === "gathering"} onClick={() => void download()}>
            {state === "gathering" ? "Gathering…" : "Download all"}
          </button>
          <button type="button" className="quiet" ref={erase} onClick={() => setState("asking")}>
            Delete everything
          </button>
        </div>
      )}
    </section>
  );
}

function save(file: File): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = file.name;
  link.click();
  // The browser has taken it up by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
