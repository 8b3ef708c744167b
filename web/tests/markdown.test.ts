import { describe, expect, it } from "vitest";
import { blocksOf, withEndsClosed } from "../src/markdown/blocks";
import { spoken } from "../src/markdown/spoken";

const TEXT = `Hello **you**.

1. one

   more of one

2. two
- dash

\`\`\`js
let a;

let b;
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

> quote

end`;

describe("blocks", () => {
  it("are the outermost ones, and together the text", () => {
    const blocks = blocksOf(TEXT);
    expect(blocks.join("")).toBe(TEXT);
    expect(blocks.map((block) => block.split("\n")[0])).toEqual([
      "Hello **you**.",
      "1. one",
      "```js",
      "| a | b |",
      "> quote",
      "end",
    ]);
  });

  it("lose nothing wherever the text ends", () => {
    for (let end = 0; end <= TEXT.length; end++) expect(blocksOf(TEXT.slice(0, end)).join("")).toBe(TEXT.slice(0, end));
  });

  it("do not change any more once another one follows, line by line", () => {
    for (let end = 0; end >= 0; end = TEXT.indexOf("\n", end + 1)) {
      const some = blocksOf(TEXT.slice(0, end));
      expect(blocksOf(TEXT).slice(0, Math.max(0, some.length - 1))).toEqual(some.slice(0, -1));
    }
  });

  it.each([
    ["a **bo", "a **bo**"],
    ["a **", "a "],
    ["a `co", "a `co`"],
    ["see [the gui", "see the gui"],
    ["see [the guide](https://exa", "see the guide"],
    ["see [the guide](https://example.com)", "see [the guide](https://example.com)"],
    ["```\na **b", "```\na **b"],
    ["all **done** here", "all **done** here"],
    ["Loads:\n| Lift | Se", "Loads:"],
    ["Loads:\n| Lift | Sets |\n", "Loads:"],
    ["| Lift | Sets |\n|--", ""],
    ["| Lift | Sets |\n|---|---|", "| Lift | Sets |\n|---|---|"],
    ["| Lift | Sets |\n|---|---|\n| Sq", "| Lift | Sets |\n|---|---|\n| Sq"],
    ["| Lift | Sets |\nno table", "| Lift | Sets |\nno table"],
  ])("that grow do not flicker: %j", (text, shown) => {
    expect(withEndsClosed(text)).toBe(shown);
  });
});

describe("an answer read aloud", () => {
  it("has its words, without its marks", () => {
    const text = "## Plan\n\n1. **Squat**, 5 × 5 `slow`\n- see [the guide](https://a.example)\n\n| Lift | Load |\n|---|---:|\n| Squat | 100 kg |\n\n> _Sleep_ first.\n\n```\na_b * 2\n```";
    expect(spoken(text)).toBe("Plan\n1. Squat, 5 × 5 slow\nsee the guide\nLift, Load\nSquat, 100 kg\nSleep first.\na_b * 2");
  });
});
