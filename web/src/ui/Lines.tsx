import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type ReactNode } from "react";
import type { Keepsakes } from "../desk/keepsakes";
import type { Thread } from "../thread/thread";
import { useStore } from "./hooks";
import { Icon } from "./icons";
import { LineView } from "./LineView";
import { dayName } from "./times";

/** How far from its end a conversation still counts as read to the end, in CSS pixels, and as being there. */
const NEAR = 96;
const AT_END = 4;

interface Props {
  thread: Thread;
  keepsakes: Keepsakes;
  coachName: string;
  onKeepsakes(): void;
  onEdit(text: string): void;
}

export function Lines({ thread, keepsakes, coachName, onKeepsakes, onEdit }: Props): ReactNode {
  const keys = useStore(thread.lines.keys);
  const { phase, earlier, loadingEarlier, earlierFailed } = useStore(thread.state);
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const lastTop = useRef(0);
  const [atEnd, setAtEnd] = useState(true);
  const before = useRef({ first: "", height: 0 });

  useEffect(() => {
    const box = scroller.current;
    const inner = content.current;
    if (box === null || inner === null) return;
    const toEnd = (): void => {
      if (following.current) {
        box.scrollTop = box.scrollHeight;
        lastTop.current = box.scrollTop;
      } else setAtEnd(leftBelow(box) < NEAR);
    };
    const watched = new ResizeObserver(toEnd);
    watched.observe(inner);
    watched.observe(box);
    return () => watched.disconnect();
  }, []);

  const toLatest = (smoothly: boolean): void => {
    following.current = true;
    setAtEnd(true);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const behavior = smoothly && !calm ? "smooth" : "instant";
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior });
  };
  const goToLatest = (): void => {
    toLatest(true);
    scroller.current?.focus({ preventScroll: true });
  };

  // What is put in front must not move what is being read.
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const first = keys[0] ?? "";
    if (before.current.first !== "" && first !== before.current.first && !following.current) {
      box.scrollTop += box.scrollHeight - before.current.height;
    }
    before.current = { first, height: box.scrollHeight };
  }, [keys]);

  // Whoever says something wants to see it.
  const said = useEffectEvent(() => toLatest(false));
  useLayoutEffect(() => {
    if (phase === "sending") said();
  }, [phase]);

  const onScroll = (): void => {
    const box = scroller.current;
    if (box === null) return;
    const left = leftBelow(box);
    const moved = box.scrollTop - lastTop.current;
    lastTop.current = box.scrollTop;
    // Whoever scrolls up by a little wants to stay there; whoever comes back near the end is taken along again.
    if (left < AT_END) following.current = true;
    else if (moved < 0) following.current = false;
    else if (moved > 0 && left < NEAR) following.current = true;
    setAtEnd(following.current || left < NEAR);
  };

  const days = headings(keys, thread);
  return (
    <div className="lines-frame">
      <div className="lines" ref={scroller} onScroll={onScroll} tabIndex={0} role="region" aria-label="Messages">
        <div className="lines-inner" ref={content}>
          {earlier !== undefined && (
            <Earlier
              busy={loadingEarlier}
              failed={earlierFailed}
              root={scroller}
              onShow={() => void thread.loadEarlier()}
            />
          )}
          {phase === "loading" && <div className="skeleton" role="status" aria-label="Loading the conversation" />}
          <ol>
            {keys.map((key, index) => {
              return (
                <LineView
                  key={key}
                  store={thread.lines.line(key)}
                  thread={thread}
                  keepsakes={keepsakes}
                  coachName={coachName}
                  day={days[index]}
                  last={index === keys.length - 1}
                  onKeepsakes={onKeepsakes}
                  onEdit={onEdit}
                />
              );
            })}
          </ol>
        </div>
      </div>
      {!atEnd && (
        <button type="button" className="latest" aria-label="Go to the latest message" onClick={goToLatest}>
          <Icon name="down" />
          Latest
        </button>
      )}
    </div>
  );
}

function leftBelow(box: HTMLElement): number {
  return box.scrollHeight - box.scrollTop - box.clientHeight;
}

/** Returns the day to name above each line: where it begins. */
function headings(keys: readonly string[], thread: Thread): (string | undefined)[] {
  const days = keys.map((key) => dayName(thread.lines.line(key).get().at));
  return days.map((day, index) => (day === days[index - 1] ? undefined : day));
}

interface EarlierProps {
  busy: boolean;
  failed: boolean;
  root: React.RefObject<HTMLDivElement | null>;
  onShow(): void;
}

/** Asks for the page before, when it comes into view or is pressed; after a failure only when it is pressed. */
function Earlier({ busy, failed, root, onShow }: EarlierProps): ReactNode {
  const button = useRef<HTMLButtonElement>(null);
  const show = useEffectEvent(onShow);
  useEffect(() => {
    if (button.current === null || busy || failed) return;
    const seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && show(), {
      root: root.current,
      rootMargin: "200px",
    });
    seen.observe(button.current);
    return () => seen.disconnect();
  }, [busy, failed, root]);
  return (
    <button type="button" className="quiet earlier" ref={button} onClick={onShow} disabled={busy}>
      {busy ? "Looking back…" : failed ? "Earlier messages did not come. Try again" : "Earlier messages"}
    </button>
  );
}
