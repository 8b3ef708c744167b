import {
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  type FormEvent,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type Ref,
} from "react";
import type { Kept } from "../thread/kept";
import type { ThreadState } from "../thread/thread";
import { toMessageBox, TOUCH, useMedia } from "./hooks";
import { Icon } from "./icons";

/** What the service takes of one message, in bytes of UTF-8. */
const MAX_BYTES = 16 * 1024;

export interface ComposerHandle {
  /** Put a text into the box, before what is there: nothing that was typed goes. */
  fill(text: string): void;
}

interface Props {
  ref: Ref<ComposerHandle>;
  kept: Kept;
  conversationId: string;
  coachName: string;
  phase: ThreadState["phase"];
  onSend(text: string): void;
  onStop(): void;
}

export function Composer({ ref, kept, conversationId, coachName, phase, onSend, onStop }: Props): ReactNode {
  const [text, setText] = useState(() => kept.draft(conversationId));
  const box = useRef<HTMLTextAreaElement>(null);
  const filled = useRef("");
  const byTouch = useMedia(TOUCH);
  const busy = phase === "sending" || phase === "answering" || phase === "stopping";
  const over = bytesOver(text);
  const ready = text.trim() !== "" && over <= 0 && (phase === "idle" || phase === "loading");

  const change = (value: string): void => {
    setText(value);
    kept.keepDraft(conversationId, value);
  };

  useImperativeHandle(ref, () => ({
    fill: (value) => {
      const typed = text.trim() !== "" && text !== filled.current;
      filled.current = value;
      change(typed ? `${value}\n\n${text}` : value);
      box.current?.focus();
    },
  }));

  useEffect(() => {
    if (!byTouch) box.current?.focus({ preventScroll: true });
  }, [conversationId, byTouch]);

  useLayoutEffect(() => {
    const area = box.current;
    if (area === null) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [text]);

  const send = (event?: FormEvent): void => {
    event?.preventDefault();
    if (!ready) return;
    onSend(text.trim());
    change("");
    box.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    // While a word is being composed, keys belong to the input method; Safari says so by the code 229 alone.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !byTouch) send(event);
    else if (event.key === "Escape" && busy) onStop();
  };

  const stop = (event: MouseEvent): void => {
    // The second press of a double click on what was the send button a moment ago.
    if (event.detail > 1) return;
    onStop();
    toMessageBox();
  };

  return (
    <form className="composer" onSubmit={send}>
      <div className="composer-box">
        <label className="visually-hidden" htmlFor="say">
          Message to {coachName}
        </label>
        <textarea
          id="say"
          dir="auto"
          ref={box}
          rows={1}
          value={text}
          placeholder={`Message ${coachName}`}
          aria-describedby="say-hint"
          aria-invalid={over > 0}
          onChange={(event) => change(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {busy ? (
          <button type="button" className="round stop" aria-label="Stop the answer" title="Stop" disabled={phase === "stopping"} onClick={stop}>
            <Icon name="stop" />
          </button>
        ) : (
          <button type="submit" className="round" aria-label="Send" title="Send" disabled={!ready}>
            <Icon name="send" />
          </button>
        )}
      </div>
      <p id="say-hint" className={`composer-hint ${over > 0 ? "problem" : text.startsWith("/") || (busy && text !== "") ? "command" : ""}`} role={over > 0 ? "alert" : undefined}>
        {over > 0 ? tooLong(text, over) : hint(text, { busy, byTouch, coachName })}
      </p>
    </form>
  );
}

function tooLong(text: string, over: number): string {
  // The limit counts bytes, people count characters.
  const characters = Math.ceil((over / (over + MAX_BYTES)) * text.trim().length);
  return `This message is too long. Take out about ${characters.toLocaleString()} characters, or send it in two.`;
}

interface Circumstances {
  busy: boolean;
  byTouch: boolean;
  coachName: string;
}

function hint(text: string, { busy, byTouch, coachName }: Circumstances): string {
  if (busy && text.trim() !== "") {
    return `${coachName} is still answering. You can send this afterwards${byTouch ? "" : ", or press Esc to stop the answer"}.`;
  }
  if (text.startsWith("/")) return "/log-workout keeps a session: what you did, how much, how it felt";
  return byTouch ? "Begin with / to log a session" : "Enter sends, Shift + Enter begins a new line, / logs a session";
}

function bytesOver(text: string): number {
  // A character is at most three bytes of UTF-8 for each UTF-16 unit: short texts need no count.
  return text.length * 3 <= MAX_BYTES ? 0 : new TextEncoder().encode(text.trim()).length - MAX_BYTES;
}
