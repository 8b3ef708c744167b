import { useEffect, useRef, useState, type ReactNode } from "react";
import type { Desk } from "../desk/desk";
import type { Keepsakes } from "../desk/keepsakes";
import type { PersonalData } from "../desk/personalData";
import { CoachDialog } from "./CoachDialog";
import { useMedia, useModal, useStore } from "./hooks";
import { Icon } from "./icons";
import { KeepsakeDrawer } from "./KeepsakeDrawer";
import { Sidebar } from "./Sidebar";
import { ThreadView } from "./ThreadView";

interface Props {
  desk: Desk;
  keepsakes: Keepsakes;
  data: PersonalData;
  onSignOut(): void;
}

type Open = "" | "menu" | "keepsakes" | "coach" | "new-coach";

export function Workspace({ desk, keepsakes, data, onSignOut }: Props): ReactNode {
  const { coach, coachId, coaches, thread, titles, phase, problem } = useStore(desk.state);
  const [open, setOpen] = useState<Open>("");
  const wide = useMedia("(min-width: 60rem)");
  const close = (): void => setOpen("");
  const known = coach?.name ?? coaches[coachId];
  const name = known ?? "your coach";
  const title = thread && titles[thread.conversationId];

  useEffect(() => {
    document.title = [title, known, "Coach"].filter((part) => part !== undefined).join(" · ");
  }, [title, known]);

  useEffect(() => {
    const moved = (): void => void desk.follow();
    window.addEventListener("popstate", moved);
    return () => window.removeEventListener("popstate", moved);
  }, [desk]);

  const sidebar = (
    <Sidebar desk={desk} onOpen={setOpen} onPicked={close} onClose={wide ? undefined : close} onSignOut={onSignOut} />
  );

  return (
    <div className="workspace">
      <a className="skip" href="#say">
        Skip to your message
      </a>
      {wide ? <aside className="side">{sidebar}</aside> : open === "menu" && <MenuDialog onClose={close}>{sidebar}</MenuDialog>}
      <main className="stage">
        <header className="bar">
          {!wide && (
            <button type="button" className="quiet square" aria-label="Conversations" title="Conversations" onClick={() => setOpen("menu")}>
              <Icon name="menu" />
            </button>
          )}
          <span className="avatar" aria-hidden="true">
            {[...(known ?? "")][0]}
          </span>
          <div className="who">
            <h1 dir="auto">{known ?? "Your coach"}</h1>
            <p dir="auto">{coach?.specialities.slice(0, 3).join(" · ")}</p>
          </div>
          <button type="button" className="quiet" title="Notes on you" onClick={() => setOpen("keepsakes")}>
            <Icon name="notes" />
            <span>Notes on you</span>
          </button>
          <button
            type="button"
            className="quiet square"
            aria-label={`Set up ${name}`}
            title={`Set up ${name}`}
            onClick={() => setOpen("coach")}
          >
            <Icon name="tune" />
          </button>
        </header>
        {phase === "unreadable" ? (
          <div className="blank">
            <h2>Nothing to show yet</h2>
            <p>{problem}</p>
            <button type="button" className="primary" onClick={() => void desk.start()}>
              Try again
            </button>
          </div>
        ) : (
          thread && (
            <ThreadView
              key={thread.conversationId}
              thread={thread}
              desk={desk}
              keepsakes={keepsakes}
              coachName={name}
              onKeepsakes={() => setOpen("keepsakes")}
            />
          )
        )}
      </main>
      {open === "keepsakes" && <KeepsakeDrawer keepsakes={keepsakes} data={data} coachName={name} onClose={close} />}
      {(open === "coach" || open === "new-coach") && (
        <CoachDialog desk={desk} coach={open === "coach" ? coach : undefined} onClose={close} />
      )}
    </div>
  );
}

function MenuDialog({ children, onClose }: { children: ReactNode; onClose(): void }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useModal(dialog, { onClose });
  return (
    <dialog ref={dialog} className="drawer left" aria-label="Conversations">
      <div className="drawer-body">{children}</div>
    </dialog>
  );
}
