import { useEffect, useEffectEvent, useSyncExternalStore, type RefObject } from "react";
import type { Store } from "../thread/store";

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

/**
 * Opens a dialog as a modal one while it is mounted; the browser keeps the focus in it and gives it back.
 * Escape and a press beside it ask to close it.
 */
export function useModal(dialog: RefObject<HTMLDialogElement | null>, onClose: () => void): void {
  const close = useEffectEvent(onClose);
  useEffect(() => {
    const shown = dialog.current;
    if (shown === null) return;
    const before = document.activeElement;
    const beside = (event: Event): void => {
      if (event.target === shown) close();
    };
    const cancelled = (event: Event): void => {
      event.preventDefault();
      close();
    };
    shown.showModal();
    shown.addEventListener("mousedown", beside);
    shown.addEventListener("cancel", cancelled);
    return () => {
      shown.removeEventListener("mousedown", beside);
      shown.removeEventListener("cancel", cancelled);
      shown.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [dialog]);
}
