/**
 * How much of the page a phone's keyboard leaves to see, as `--shown-height`.
 *
 * Where the page itself is made smaller (`interactive-widget`) there is nothing to do; Safari on iOS lays the keyboard
 * over the page and pushes it up instead.
 */

const KEYBOARD_PX = 120;

export function followShownHeight(): void {
  const shown = window.visualViewport;
  if (shown === null) return;
  shown.addEventListener("resize", () => {
    const covered = window.innerHeight - shown.height;
    // Zoomed in by two fingers less is shown as well, of a page that is as high as before.
    const byKeyboard = covered > KEYBOARD_PX && Math.abs(shown.scale - 1) < 0.01;
    const { style } = document.documentElement;
    if (byKeyboard) {
      style.setProperty("--shown-height", `${shown.height}px`);
      window.scrollTo(0, 0);
    } else style.removeProperty("--shown-height");
  });
}
