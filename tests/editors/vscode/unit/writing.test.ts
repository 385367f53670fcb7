// What a field makes of keys and of what is pasted.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { urisOf } from "../../../../editors/vscode/webview/paste.ts";
import { Recall } from "../../../../editors/vscode/webview/recall.ts";

describe("recalling", () => {
  it("goes back from the last message, stops at the first, and comes again to what is empty", () => {
    const recall = new Recall();
    const said = ["one", "two"];
    assert.deepEqual([recall.later(said), recall.earlier(said), recall.earlier(said), recall.earlier(said)], [undefined, "two", "one", undefined]);
    assert.deepEqual([recall.later(said), recall.recalling, recall.later(said), recall.recalling], ["two", true, "", false]);
  });

  it("begins anew when something is written", () => {
    const recall = new Recall();
    recall.earlier(["one", "two"]);
    recall.end();
    assert.deepEqual([recall.recalling, recall.earlier(["one", "two"]), recall.earlier([])], [false, "two", undefined]);
  });
});

describe("what is dropped", () => {
  it("is files, not addresses of pages, comments or nothing", () => {
    assert.deepEqual(urisOf("# two\r\nfile:///a%20b\r\nhttps://example.com\nvscode-remote://host/c"), ["file:///a%20b", "vscode-remote://host/c"]);
    assert.deepEqual(urisOf(""), []);
  });
});
