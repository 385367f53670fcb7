// A text that grows is drawn as it would be drawn at once, whatever its pieces, and little of it each time.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { type Block, Growing } from "../../../../editors/vscode/webview/growing.ts";

const require = createRequire(new URL("../../../../editors/vscode/package.json", import.meta.url));
const MarkdownIt = require("markdown-it") as new (options: object) => ConstructorParameters<typeof Growing>[0];
const parser = new MarkdownIt({ html: false, linkify: true });

const TEXTS = [
  "# Title\n\nA paragraph\nof two lines.\n\nHeading\n===\n\nend\n",
  "para\n#\n#x\n# x\n-\n--\n---\npara\n***a\n***\n>\n> a\n",
  "- one\n- two\n  more\n- three\n-\n- four\n--\n---\n",
  "- a\n- b\n\n- c\n- d\n\n\n  more\n- e\n\nend",
  "- a\n- b\n\n--\n",
  "- a\n  - b\n\n  - c\n- d\n- e\n- f\n",
  "- # a\n\n  # b\n- # c\n- d\n- e\n",
  "- a\n - b\n  - c\n   - d\n    - e\n- f\n",
  "3. x\n4. y\n\n   ```py\n   a\n\n   b\n   ```\n10. z\n1) other\n2) list\nlazy\n",
  "- ```\n  a\n\n  b\n  ```\n- b\n- c\n* d\n+ e\n",
  "```py\na = 1\n\n``\n```x\n  b\n````\nafter\n~~~\n```\n~~~~\n  ~~~ js x\n    a\n   b\n",
  "```a`b\n```\nx\n    ```\n```\n\n\n```\n\n\n",
  "| a | b |\n| - | -: |\n| 1 | 2 |\n| 3\n4 | 5 | 6\n\nend\n",
  "a | b\n-|-\n1 | 2\n# h\nc | d\n:-: | -\n",
  "> quote\nlazy\n>\n> - a\n> - b\n>\n>   c\n> ```\n> code\n\n> next\n# h\n",
  "    indented\n\n    more\n  x\n\n\tb\n\n1. x\n\n       code\n2. y\n",
  "[a](b) **c\nd** `e` https://example.org/x <b>\n\n&amp; \\* ![x](y)\n",
  "\n\n  \n\n- \n\n  x\n-\n  y\n",
];
const PIECES = ["- ", "  ", "\n", "\n", "\n\n", "a", "b", "1. ", "2) ", "> ", "```", "```\n", "~~~", "| ", "-", "|-|-|\n", "#", " ", "*", "    ", "===", "\t", "--"];

/** A page that takes what it is told to draw. */
class Page {
  readonly growing = new Growing(parser);
  blocks: Block[] = [];
  /** How many characters it was told the last time. */
  told = 0;

  update(text: string): string {
    const { first, blocks } = this.growing.update(text);
    this.blocks = [...this.blocks.slice(0, first), ...blocks.map((block, index) => grown(this.blocks[first + index], block))];
    this.told = blocks.flatMap(({ parts }) => parts).join("").length;
    return this.blocks.map(htmlOf).join("");
  }
}

function grown(old: Block | undefined, block: Block): Block {
  if (block.kept === 0) return block;
  assert.equal(old?.before, block.before, "only what is the same block keeps something");
  const kept = block.language === undefined ? old.parts.slice(0, block.kept) : [old.parts.join("").slice(0, block.kept)];
  return { ...block, parts: [...kept, ...block.parts] };
}

function htmlOf({ before, parts, after, language }: Block): string {
  if (language === undefined) return before + parts.join("") + after;
  const name = language ? ` class="language-${parser.utils.escapeHtml(language)}"` : "";
  return `<pre><code${name}>${parser.utils.escapeHtml(parts.join(""))}</code></pre>`;
}

/** What the parser makes of the whole text. */
function whole(text: string): string {
  return parser.render(text);
}

/** Line ends between elements say nothing. */
function tight(html: string): string {
  return html.replace(/>\n+(?=<|$)/g, ">");
}

/** Numbers that look random and are always the same. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

function check(text: string, cuts: (at: number) => number): void {
  const page = new Page();
  for (let end = 0; end < text.length; ) {
    end = Math.min(text.length, end + cuts(end));
    const part = text.slice(0, end);
    assert.equal(tight(page.update(part)), tight(whole(part)), JSON.stringify(part));
  }
}

describe("a text that grows", () => {
  for (const text of TEXTS) {
    it(`is drawn as the whole: ${JSON.stringify(text.slice(0, 30))}`, () => {
      for (const step of [1, 2, 3, 5, 7, text.length]) check(text, () => step);
      for (let cut = 1; cut < text.length; cut += 1) check(text, (at) => (at === 0 ? cut : text.length));
    });
  }

  it("is drawn as the whole, whatever it is made of", () => {
    for (let seed = 1; seed <= 3000; seed += 1) {
      const next = numbers(seed);
      const text = Array.from({ length: 4 + next(24) }, () => PIECES[next(PIECES.length)]).join("");
      check(text, () => 1 + next(4));
    }
  });

  it("can be replaced by another", () => {
    const page = new Page();
    page.update("- a\n- b\n- c\n");
    assert.equal(page.update("- a\n- x\n"), whole("- a\n- x\n"));
  });

  const long = {
    list: "- an item of a list\n".repeat(500),
    "loose list": "- an item of a list\n\n".repeat(500),
    numbers: Array.from({ length: 500 }, (_, index) => `${index + 1}. item\n`).join(""),
    code: `\`\`\`py\n${"a = 1\n".repeat(2000)}`,
    table: `| a | b |\n| - | - |\n${"| 1 | 2 |\n".repeat(500)}`,
    quote: "> a block\n>\n".repeat(500),
    paragraphs: "A paragraph.\n\n".repeat(500),
  };
  for (const [name, text] of Object.entries(long)) {
    it(`tells no more of a long one than of a short one: ${name}`, () => {
      const page = new Page();
      for (let end = 0; end <= text.length; end += 10) {
        page.update(text.slice(0, end));
        if (end > 200) assert.ok(page.told < 400, `${page.told} characters after ${end}`);
      }
      assert.equal(tight(page.update(text)), tight(whole(text)));
    });
  }
});
