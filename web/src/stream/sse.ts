/** Server-sent events, from text in pieces of any size (HTML Living Standard, 9.2.6). */

export interface Frame {
  /** The last id that the stream named, as a reader resumes behind it. */
  id: string;
  data: string;
}

export class SseParser {
  /** What the server asks a reader to wait before it comes back. */
  retryMs: number | undefined;
  private rest = "";
  private id = "";
  private data: string[] = [];

  /** Returns the frames that `text` completes. */
  feed(text: string): Frame[] {
    const frames: Frame[] = [];
    this.rest += text;
    for (;;) {
      const end = this.rest.search(/[\r\n]/);
      // A CR at the very end may be the first half of a CRLF.
      if (end < 0 || (this.rest[end] === "\r" && end === this.rest.length - 1)) return frames;
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(this.rest.startsWith("\r\n", end) ? end + 2 : end + 1);
      const frame = this.line(line);
      if (frame) frames.push(frame);
    }
  }

  private line(line: string): Frame | undefined {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.data.push(value);
    else if (name === "id" && !value.includes("\0")) this.id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  private dispatch(): Frame | undefined {
    if (this.data.length === 0) return undefined;
    const frame = { id: this.id, data: this.data.join("\n") };
    this.data = [];
    return frame;
  }
}
