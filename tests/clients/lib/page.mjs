// A page for React: jsdom's document, Node's network.
import { JSDOM } from 'jsdom';

const { window } = new JSDOM('<!doctype html><body></body>', { url: 'http://localhost/', pretendToBeVisual: true });
for (const name of ['window', 'document', 'navigator', 'HTMLElement', 'Node', 'MutationObserver']) {
  Object.defineProperty(globalThis, name, { value: name === 'window' ? window : window[name], configurable: true });
}

const { createElement, useEffect } = await import('react');
const { createRoot } = await import('react-dom/client');

// Mounts a component that uses the hook; `current()` is what the hook returned last.
export function mount(useHook, onRender) {
  let latest;
  const root = createRoot(document.body.appendChild(document.createElement('div')));
  function Page() {
    const value = useHook();
    latest = value;
    useEffect(() => onRender(value));
    return null;
  }
  root.render(createElement(Page));
  return { current: () => latest, unmount: () => root.unmount() };
}
