// What the webviews make of texts.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { coloured, MOST_CHARACTERS } from "../../../../editors/vscode/webview/languages.ts";
import { bracketless, inert, shortened } from "../../../../editors/vscode/src/text.ts";
import { isAddress, placeOf } from "../../../../editors/vscode/src/chat/links.ts";
import { HREF } from "../../../../editors/vscode/webview/links.ts";
import { Shown } from "../../../../editors/vscode/webview/shown.ts";
import { fill, isDeceptive, plain, share } from "../../../../editors/vscode/webview/text.ts";

describe("texts", () => {
  it("show what could deceive", () => {
    assert.equal(plain("rm \u202Egpj.txt\u0007"), "rm \\u202egpj.txt\\u0007");
    assert.equal(plain("a\u200bb\ufeff \u{e0041}\ud83d\ude00"), "a\\u200bb\\ufeff \\u{e0041}\ud83d\ude00");
    assert.equal(plain("two\r\nlines\tand a tab"), "two\nlines\tand a tab");
    assert.equal(plain("sure\rnot"), "sure\\u000dnot");
    assert.ok(isDeceptive("\u2066") && !isDeceptive("two\r\nlines, \u200dé"));
  });

  it("show it also where they grow, whatever the pieces", () => {
    const text = "a\r\nb \u202e c\r\r\n\u{e0041} d\n";
    for (let cut = 0; cut <= text.length; cut += 1) {
      const shown = new Shown();
      shown.update(text.slice(0, cut));
      assert.equal(shown.update(text), plain(text));
      assert.equal(shown.deceptive, true);
    }
    const shown = new Shown();
    shown.update("\u202e");
    assert.equal(shown.update("another"), "another");
    assert.equal(shown.deceptive, false);
  });

  it("make no links in notifications", () => {
    assert.equal(inert("Read [this](command:workbench.action.quit)\u202e, [a][b]"), "Read [this] (command:workbench.action.quit)\\u202e, [a][b]");
  });

  it("take no part in a link of ours", () => {
    const link = /\[([^\]]+)\]\((command:[^)\s]+)\)/gi; // as the editor finds them
    for (const text of ["[Deny", "[Deny](command:a", "a] b [c](", "[[x]"]) {
      const found = [...`${bracketless(text)}. [Allow](command:follow)`.matchAll(link)].map(([, words]) => words);
      assert.deepEqual(found, ["Allow"]);
    }
  });

  it("are shortened in their middle", () => {
    assert.equal(shortened("abcdefghij", 4), "ab … ij");
    assert.equal(shortened("abcd", 4), "abcd");
  });

  it("are filled in", () => {
    assert.equal(fill("{0} of {1}{2}", [1, "two"]), "1 of two{2}");
  });

  it("tell the share of the context, where its size is known", () => {
    assert.equal(share({ used: 250, size: 1000 }), 25);
    assert.equal(share({ used: 250 }), undefined);
  });
});

describe("links", () => {
  it("lead to the web, or to a place in a file", () => {
    assert.deepEqual(placeOf("src/a.py"), { path: "src/a.py", line: 0, column: 0 });
    assert.deepEqual(placeOf("src/a%20b.py:12:4"), { path: "src/a b.py", line: 11, column: 3 });
    assert.deepEqual(placeOf("/x/a.py#L3"), { path: "/x/a.py", line: 2, column: 0 });
    assert.deepEqual(placeOf("%E0%A4%A"), { path: "%E0%A4%A", line: 0, column: 0 });
    for (const href of ["../a", "a/%2e%2e/b", "", "#x"]) assert.equal(placeOf(href), undefined);
    assert.ok(isAddress("HTTPS://example.org") && !isAddress("httpx:1"));
  });

  it("that may be drawn are of the web and of files", () => {
    for (const href of ["https://example.org/a:b", "mailto:a@example.org", "sample.py:3", "src/a.py:3:1", "a/b#c:d", "#x"]) assert.match(href, HREF);
    for (const href of ["javascript:alert(1)", "vscode://x/y", "command:a.b", "data:text/html,x", "a.py:3:4:5", "a.py:b"]) assert.doesNotMatch(href, HREF);
  });
});

describe("colours", () => {
  const text = (html: string): string => html.replace(/<\/?span[^>]*>/g, "").replace(/&(amp|lt|gt|quot|#x27);/g, (_, name: string) => ENTITIES[name] ?? "");
  const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'" };

  it("change no text, also where it is another language's or HTML", () => {
    for (const language of ["python", "ts", "sh", "html", "toml", "json"]) {
      for (const code of ['def f(a):\n\treturn "<b>" & \'x\'  # é\n', "<img src=x onerror=alert(1)>", "", "\u202e```"]) {
        assert.equal(text(coloured(code, language) ?? ""), code, `${language}: ${code}`);
      }
    }
  });

  it("are for what is known by any of its names, and not for what is long", () => {
    assert.ok(coloured("x = 1", "py")?.includes('class="hljs-number"'));
    assert.ok(coloured("let x", "tsx")?.includes('class="hljs-keyword"'));
    assert.equal(coloured("x = 1", ""), undefined);
    assert.equal(coloured("x = 1", "unheard-of"), undefined);
    assert.equal(coloured("x".repeat(MOST_CHARACTERS + 1), "py"), undefined);
  });
});
