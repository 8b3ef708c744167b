/** Runs a task at most once a frame; in a page that is not shown there are no frames, only time. */
export class Frames {
  private readonly task: () => void;
  private cancel: (() => void) | undefined;

  constructor(task: () => void) {
    this.task = task;
  }

  request(): void {
    if (this.cancel !== undefined) return;
    const run = (): void => {
      this.cancel = undefined;
      this.task();
    };
    if (document.hidden) {
      const timer = setTimeout(run, 250);
      this.cancel = () => clearTimeout(timer);
    } else {
      const frame = requestAnimationFrame(run);
      this.cancel = () => cancelAnimationFrame(frame);
    }
  }

  /** Run it now if it was to run. */
  flush(): void {
    if (this.cancel === undefined) return;
    this.cancel();
    this.cancel = undefined;
    this.task();
  }
}
