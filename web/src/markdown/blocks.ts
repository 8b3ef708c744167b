/**
 * Markdown cut into its outermost blocks, so that only the last one of a growing text is read again.
 *
 * A block ends at a blank line outside of a code fence, where the next line begins at the margin and does not
 * carry a list on.
 */

const FENCE = /^\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)?(`{3,}|~{3,})/;
const ITEM = /^\s{0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
const BARRED = /^ {0,3}\|/;
const BLANK = /^\s*$/;

export function blocksOf(text: string): string[] {
  const blocks: string[] = [];
  let start = 0;
  let fence = "";
  let afterBlank = false;
  let inList = false;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline + 1;
    const line = text.slice(at, end);
    const blank = fence === "" && BLANK.test(line);
    if (!blank && afterBlank && fence === "" && begins(line, inList)) {
      blocks.push(text.slice(start, at));
      start = at;
      inList = false;
    }
    if (start === at) inList = ITEM.test(line);
    fence = fenceAfter(fence, line);
    afterBlank = blank;
    at = end;
  }
  if (start < text.length) blocks.push(text.slice(start));
  return blocks;
}

function begins(line: string, inList: boolean): boolean {
  return !/^[ \t]/.test(line) && !(inList && ITEM.test(line));
}

function fenceAfter(open: string, line: string): string {
  const found = FENCE.exec(line)?.[1];
  if (found === undefined) return open;
  if (open === "") return found;
  const closes = found[0] === open[0] && found.length >= open.length && /^\s*[`~]+\s*$/.test(line);
  return closes ? "" : open;
}

/**
 * Returns a text that is still being written so that it does not flicker: with its open emphasis and code closed, and
 * without the head of a table that is not one yet.
 */
export function withEndsClosed(growing: string): string {
  if (FENCE.test(growing)) return growing;
  const block = withoutTableHead(growing);
  const last = block.slice(block.lastIndexOf("\n") + 1);
  const link = last.replace(/!?\[([^\]\n]*)(?:\](?:\([^)\s]*)?)?$/, "$1");
  let text = block.slice(0, block.length - last.length) + link;
  if (count(link, "`") % 2 === 1) text += "`";
  else if (count(link, "**") % 2 === 1) text = /\*\*\s*$/.test(text) ? text.replace(/\*\*\s*$/, "") : `${text.trimEnd()}**`;
  return text;
}

/** The first line of a table is text with bars until the line below it is whole. */
function withoutTableHead(block: string): string {
  const lines = block.replace(/\n$/, "").split("\n");
  const at = lines.findLastIndex((line) => !BARRED.test(line)) + 1;
  const [head, rule = "", ...rows] = lines.slice(at);
  if (head === undefined || rows.length > 0 || !/^[|:\- ]*$/.test(rule)) return block;
  const whole = count(rule, "|") >= count(head.trimEnd(), "|");
  return whole ? block : lines.slice(0, at).join("\n");
}

function count(text: string, mark: string): number {
  return text.split(mark).length - 1;
}
