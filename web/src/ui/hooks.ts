import { useEffect, useEffectEvent, useSyncExternalStore, type RefObject } from "react";
import type { Store } from "../thread/store";

export const TOUCH = "(pointer: coarse)";

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = matchMedia(query);
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    () => matchMedia(query).matches,
  );
}

export function useOnline(): boolean {
  return useSyncExternalStore(
    (changed) => {
      window.addEventListener("online", changed);
      window.addEventListener("offline", changed);
      return () => {
        window.removeEventListener("online", changed);
        window.removeEventListener("offline", changed);
      };
    },
    () => navigator.onLine,
  );
}

interface Leaving {
  onClose(): void;
  /** Called in its place where something typed would be lost. */
  onUnsaved?(): void;
  /** Where the focus goes if what had it before is gone by then. */
  otherwise?: RefObject<HTMLElement | null> | undefined;
}

/**
 * Opens a dialog as a modal one while it is mounted; the browser keeps the focus in it and gives it back.
 * Escape and a press beside it ask to close it, as does what is returned.
 */
export function useModal(
  dialog: RefObject<HTMLDialogElement | null>,
  { onClose, onUnsaved, otherwise }: Leaving,
): () => void {
  const leave = (): void => {
    if (onUnsaved !== undefined && dialog.current !== null && isTyped(dialog.current)) onUnsaved();
    else onClose();
  };
  const asked = useEffectEvent(leave);
  const closed = useEffectEvent(onClose);
  useEffect(() => {
    const shown = dialog.current;
    if (shown === null) return;
    const before = document.activeElement;
    const fallback = otherwise?.current;
    const listening = new AbortController();
    const { signal } = listening;
    const byKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || event.isComposing) return;
      // Of dialogs in each other, only the inner one. And prevented here: of two cancels in a row a browser obeys none.
      event.preventDefault();
      event.stopPropagation();
      asked();
    };
    const beside = (event: Event): void => {
      if (event.target === shown) asked();
    };
    const cancelled = (event: Event): void => {
      event.preventDefault();
      asked();
    };
    shown.showModal();
    shown.addEventListener("keydown", byKey, { signal });
    shown.addEventListener("mousedown", beside, { signal });
    shown.addEventListener("cancel", cancelled, { signal });
    shown.addEventListener("close", () => closed(), { signal });
    return () => {
      listening.abort();
      shown.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      else fallback?.focus();
    };
  }, [dialog, otherwise]);
  return leave;
}

function isTyped(dialog: HTMLDialogElement): boolean {
  const fields = dialog.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea");
  return [...fields].some((field) => field.value !== field.defaultValue);
}

/** Put the focus into the message box, but never call a phone's keyboard up. */
export function toMessageBox(): void {
  if (!matchMedia(TOUCH).matches) document.getElementById("say")?.focus({ preventScroll: true });
}
