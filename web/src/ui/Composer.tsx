import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState, type FormEvent, type KeyboardEvent, type ReactNode, type Ref } from "react";
import type { Kept } from "../thread/kept";
import type { ThreadState } from "../thread/thread";
import { useMedia } from "./hooks";
import { Icon } from "./icons";

/** What the service takes of one message, in bytes of UTF-8. */
const MAX_BYTES = 16 * 1024;

export interface ComposerHandle {
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
  const byTouch = useMedia("(pointer: coarse)");
  const busy = phase === "sending" || phase === "answering" || phase === "stopping";
  const over = bytesOver(text);
  const ready = text.trim() !== "" && over <= 0 && (phase === "idle" || phase === "loading");

  const change = (value: string): void => {
    setText(value);
    kept.keepDraft(conversationId, value);
  };

  useImperativeHandle(ref, () => ({
    fill: (value) => {
      change(value);
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
    // While a word is being composed, Enter belongs to the input method.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing && !byTouch) send(event);
    else if (event.key === "Escape" && busy) onStop();
  };

  return (
    <form className="composer" onSubmit={send}>
      <div className="composer-box">
        <label className="visually-hidden" htmlFor="say">
          Message to {coachName}
        </label>
        <textarea
          id="say"
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
          <button type="button" className="round stop" aria-label="Stop the answer" disabled={phase === "stopping"} onClick={onStop}>
            <Icon name="stop" />
          </button>
        ) : (
          <button type="submit" className="round" aria-label="Send" disabled={!ready}>
            <Icon name="send" />
          </button>
        )}
      </div>
      <p id="say-hint" className={`composer-hint ${over > 0 ? "problem" : text.startsWith("/") ? "command" : ""}`} role={over > 0 ? "alert" : undefined}>
        {over > 0 ? `This is ${over.toLocaleString()} bytes too long.` : hint(text, byTouch)}
      </p>
    </form>
  );
}

function hint(text: string, byTouch: boolean): string {
  if (text.startsWith("/")) return "/log-workout keeps a session: what you did, how much, how it felt";
  return byTouch ? "Begin with / to log a session" : "Enter sends, Shift + Enter begins a new line, / logs a session";
}

function bytesOver(text: string): number {
  // A character is at most three bytes of UTF-8 for each UTF-16 unit: short texts need no count.
  return text.length * 3 <= MAX_BYTES ? 0 : new TextEncoder().encode(text.trim()).length - MAX_BYTES;
}
