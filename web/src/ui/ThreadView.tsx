import { useEffect, useRef, useState, type ReactNode } from "react";
import type { Desk } from "../desk/desk";
import type { Keepsakes } from "../desk/keepsakes";
import type { Thread } from "../thread/thread";
import { Composer, type ComposerHandle } from "./Composer";
import { useOnline, useStore } from "./hooks";
import { Icon } from "./icons";
import { Lines } from "./Lines";
import { Welcome } from "./Welcome";

interface Props {
  thread: Thread;
  desk: Desk;
  keepsakes: Keepsakes;
  coachName: string;
  onKeepsakes(): void;
}

export function ThreadView({ thread, desk, keepsakes, coachName, onKeepsakes }: Props): ReactNode {
  const keys = useStore(thread.lines.keys);
  const { phase, connection, announcement } = useStore(thread.state);
  const online = useOnline();
  const composer = useRef<ComposerHandle>(null);
  const [announced, setAnnounced] = useState("");

  useEffect(() => {
    const seen = (): void => {
      if (document.visibilityState === "visible") void thread.refresh();
    };
    document.addEventListener("visibilitychange", seen);
    // Two windows beside each other are both visible all the time.
    window.addEventListener("focus", seen);
    return () => {
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("focus", seen);
    };
  }, [thread]);

  // The live region is filled after it is there: what it holds from the start is not read out.
  useEffect(() => setAnnounced(announcement), [announcement]);

  const busy = phase === "sending" || phase === "answering" || phase === "stopping";
  return (
    <>
      {phase === "unreadable" ? (
        <div className="blank">
          <h2>This conversation cannot be shown</h2>
          <p>{announcement}</p>
          <div className="actions">
            <button type="button" onClick={() => void desk.begin().catch(() => undefined)}>
              New conversation
            </button>
            <button type="button" className="primary" onClick={() => void thread.load()}>
              Try again
            </button>
          </div>
        </div>
      ) : keys.length === 0 && (phase !== "loading" || thread.isNew) ? (
        <Welcome coachName={coachName} onPick={(text) => composer.current?.fill(text)} />
      ) : (
        <Lines
          thread={thread}
          keepsakes={keepsakes}
          coachName={coachName}
          onKeepsakes={onKeepsakes}
          onEdit={(text) => composer.current?.fill(text)}
        />
      )}
      <p className="visually-hidden" role="status" aria-live="polite">
        {announced}
      </p>
      <div className="foot">
        <Link online={online} reconnecting={busy && connection === "reconnecting"} sending={phase === "sending"} />
        <Composer
          ref={composer}
          kept={desk.kept}
          conversationId={thread.conversationId}
          coachName={coachName}
          phase={phase}
          onSend={(text) => void thread.send(text)}
          onStop={() => void thread.stop()}
        />
      </div>
    </>
  );
}

function Link({ online, reconnecting, sending }: { online: boolean; reconnecting: boolean; sending: boolean }): ReactNode {
  const again = sending ? "Reconnecting. Your message is kept, and sent once." : "Reconnecting. The answer goes on where it was.";
  const text = !online
    ? "You are offline. What you send is kept, and goes out when you are back."
    : reconnecting
      ? again
      : "";
  return (
    <div className="link" role="status">
      {text !== "" && (
        <p className={online ? "link-note" : "link-note offline"}>
          <Icon name="cloud" />
          {text}
        </p>
      )}
    </div>
  );
}
