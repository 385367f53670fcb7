// What the webviews make of texts.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { blocks, grown, type Token } from "../../../../editors/vscode/webview/blocks.ts";
import { fill, plain, share } from "../../../../editors/vscode/webview/text.ts";

const require = createRequire(new URL("../../../../editors/vscode/package.json", import.meta.url));
const MarkdownIt = require("markdown-it") as new () => { parse(text: string, env: object): Token[]; render(text: string): string };
const parser = new MarkdownIt();
const parse = (text: string): Token[] => parser.parse(text, {});

const TEXT = [
  "# Title", "", "A paragraph", "of two lines.", "", "- one", "", "- two", "  more", "", "```py", "a = 1", "", "b = 2", "```",
  "", "Heading", "===", "", "| a | b |", "| - | - |", "| 1 | 2 |", "", "> quote", "", "    indented", "", "1. x", "2. y", "", "end", "",
].join("\n");

describe("blocks", () => {
  it("are the whole text in pieces", () => {
    assert.equal(blocks(TEXT, parse).join(""), TEXT);
    assert.ok(blocks(TEXT, parse).length >= 9);
    assert.deepEqual(blocks("", parse), []);
    assert.deepEqual(blocks("\n\n", parse), ["\n\n"]);
  });

  it("draw the same as the whole", () => {
    assert.equal(blocks(TEXT, parse).map((block) => parser.render(block)).join(""), parser.render(TEXT));
  });

  it("are the same however the text grew", () => {
    for (const step of [1, 3, 7]) {
      let known: string[] = [];
      for (let end = step; end < TEXT.length + step; end += step) {
        const text = TEXT.slice(0, end);
        known = grown(known, text, parse);
        assert.deepEqual(known, blocks(text, parse), `after ${end} characters`);
      }
    }
  });

  it("keep what is finished", () => {
    const before = blocks("one\n\ntwo", parse);
    assert.deepEqual(grown(before, "one\n\ntwo\n\nthree", parse).slice(0, 1), before.slice(0, 1));
    assert.deepEqual(grown(before, "another", parse), ["another"]);
  });
});

describe("texts", () => {
  it("lose what could deceive", () => {
    assert.equal(plain("rm \u202Egpj.txt\u0007"), "rm gpj.txt");
    assert.equal(plain("two\nlines\tand a tab"), "two\nlines\tand a tab");
  });

  it("are filled in", () => {
    assert.equal(fill("{0} of {1}{2}", [1, "two"]), "1 of two{2}");
  });

  it("tell the share of the context, where its size is known", () => {
    assert.equal(share({ used: 250, size: 1000 }), 25);
    assert.equal(share({ used: 250 }), undefined);
  });
});
