// What the views show, as far as it is plain values.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rows } from "../../../../editors/vscode/src/context/rows.ts";
import { action, Advised, isKind, sentence } from "../../../../editors/vscode/src/errors.ts";
import { fixesFirst } from "../../../../editors/vscode/src/findings/actions.ts";
import { group, isBelow, shown } from "../../../../editors/vscode/src/findings/model.ts";
import { page } from "../../../../editors/vscode/src/intents/page.ts";
import type { Words } from "../../../../editors/vscode/src/intents/words.ts";
import { freeName, nameProblem, takenNames } from "../../../../editors/vscode/src/login/names.ts";
import { dataPart, inputOf, messagesOf, paramsOf, refused, tokensOf } from "../../../../editors/vscode/src/native/translate.ts";
import type { Chunk, Finding, IntentRecord, Provider, Session } from "../../../../editors/vscode/src/protocol.ts";
import { contextValue, current, tree } from "../../../../editors/vscode/src/sessions/model.ts";
import { line, severity } from "../../../../editors/vscode/src/status/model.ts";

const session = (name: string, more: Partial<Session> = {}): Session =>
  ({ id: name, name, provider: "openai", source: "vault", boundTo: [], isDefault: false, ...more }) as unknown as Session;

describe("sessions", () => {
  const here = "file:///work";

  it("stand under their provider; providers without any are left out", () => {
    const providers = [{ id: "openai" }, { id: "gemini" }] as Provider[];
    const [openai, ...rest] = tree(providers, [session("a"), session("b", { boundTo: [here] })], [here]);
    assert.deepEqual(rest, []);
    assert.deepEqual(openai?.sessions.map(({ session: { name }, bound }) => [name, bound]), [["a", false], ["b", true]]);
  });

  it("are used as the server chooses: bound, default, the only stored one, never another", () => {
    const bound = session("bound", { boundTo: [here] });
    const byDefault = session("default", { isDefault: true });
    assert.equal(current([session("x"), byDefault, bound], "openai", ["file:///other", here])?.name, "bound");
    assert.equal(current([session("x"), byDefault], "openai", ["file:///other", here])?.name, "default");
    assert.equal(current([session("x")], "openai")?.name, "x");
    assert.equal(current([session("x"), session("y")], "openai"), undefined);
    assert.equal(current([session("env", { source: "env" })], "openai"), undefined);
  });

  it("tell menus whose they are", () => {
    const node = (more: Partial<Session>, bound: boolean) => ({ kind: "session" as const, session: session("s", more), bound });
    assert.equal(contextValue(node({ isDefault: true }, false)), "session.own.default.free");
    assert.equal(contextValue(node({ source: "env" }, true)), "session.foreign.other.bound");
  });
});

describe("names of sessions", () => {
  it("are told to be wrong before they are sent", () => {
    const taken = ["work"];
    const problems = ["", "  ", "a".repeat(101), "a:b", "a/b", "a\u200bb", "env", " work ", "private", "\u{1f600}".repeat(100)];
    assert.deepEqual(
      problems.map((name) => nameProblem(name, taken)),
      ["empty", "empty", "long", "signs", "signs", "signs", "taken", "taken", undefined, undefined],
    );
  });

  it("are unique among those of one provider and kind", () => {
    const sessions = [session("a", { authType: "oauth" }), session("b", { authType: "api_key" }), session("c", { authType: "oauth", provider: "gemini" })];
    assert.deepEqual(takenNames(sessions, "openai", "oauth"), ["a"]);
    assert.equal(freeName(["work"]), "default");
    assert.equal(freeName(["default", "default 2"]), "default 3");
  });
});

describe("findings", () => {
  const finding = (title: string, more: Partial<Finding>): Finding =>
    ({ title, rule: "r", severity: "low", state: "open", uri: "file:///a", relPath: "a", intents: [], ...more }) as unknown as Finding;
  const all = [
    finding("mild", { uri: "file:///b", relPath: "b" }),
    finding("grave", { severity: "critical", rule: "s" }),
    finding("gone", { state: "dismissed" }),
  ];

  it("of two folders stand apart, though their files have one name", () => {
    const two = [finding("f", { uri: "file:///one/a", relPath: "a" }), finding("g", { uri: "file:///two/a", relPath: "a" })];
    const groups = group(two, "file", ({ uri }) => uri.slice("file:///".length));
    assert.deepEqual(groups.map(({ key, label, findings }) => [key, label, findings.length]), [
      ["file:///one/a", "one/a", 1],
      ["file:///two/a", "two/a", 1],
    ]);
  });

  it("go with their files and with the folders of those", () => {
    assert.deepEqual(["/w/a.py", "/w", "/w/", "/w/a", "/"].map((other) => isBelow("/w/a.py", other)), [true, true, true, false, true]);
  });

  it("count only as far as they are shown", () => {
    assert.deepEqual(shown(all).map(({ title }) => title), ["mild", "grave"]);
  });

  it("have their fix first, also one that a model wrote", () => {
    const fix = { title: "Fix: it", isAI: true, isPreferred: true };
    assert.deepEqual(fixesFirst([fix, { title: "Explain: it" }]), [{ title: "Fix: it", isPreferred: true }, { title: "Explain: it" }]);
  });

  it("come the worst first, without those that were dismissed", () => {
    const groups = group(all, "file").map(({ label, findings }) => [label, ...findings.map(({ title }) => title)]);
    assert.deepEqual(groups, [["a", "grave"], ["b", "mild"]]);
  });

  it("are grouped by rule or by what a tool said it was for", () => {
    assert.deepEqual(group(all, "rule").map(({ label }) => label), ["s", "r"]);
    const intents = [{ intentId: "i", tool: "apply_edit", purpose: "maintenance", riskLevel: "low" }];
    assert.deepEqual(group([finding("f", { intents }), finding("g", {})], "intent").map(({ label }) => label), ["—", "maintenance"]);
  });
});

describe("context", () => {
  const chunk = (id: string, createdAt: string): Chunk => ({ id, createdAt, scope: "chat" }) as Chunk;

  it("keeps the place of what was deleted", () => {
    const shown = rows([chunk("a", "1"), chunk("c", "3")], [chunk("b", "2"), chunk("d", "4")]);
    assert.deepEqual(shown.map(({ chunk: { id }, deleted }) => [id, deleted]), [["a", false], ["b", true], ["c", false], ["d", true]]);
  });
});

describe("status", () => {
  it("is one line of what is known", () => {
    const cost = { amount: "0.00417", currency: "USD", estimated: true } as const;
    assert.equal(line({ server: "running", session: "work", model: "openai/gpt-5.5", cost }), "$(comment-discussion) work · gpt-5.5 · $0.0042");
    assert.equal(line({ server: "starting" }), "$(loading~spin) Maestro");
    assert.equal(line({ server: "running", cost: { ...cost, amount: "1.239" } }), "$(comment-discussion) $1.24");
  });

  it("calls for attention where something is wrong", () => {
    assert.equal(severity({ server: "crashed" }), "error");
    assert.equal(severity({ server: "running", status: { state: "warning", message: "" } }), "warning");
    assert.equal(severity({ server: "running" }), undefined);
  });

  it("says that a question for permission waits where no view shows it", () => {
    assert.equal(severity({ server: "running", waiting: 1 }), "warning");
    assert.equal(line({ server: "running", session: "work", waiting: 1 }), "$(bell-dot) work");
    assert.equal(severity({ server: "crashed", waiting: 1 }), "error");
    assert.equal(severity({ server: "running", waiting: 0 }), undefined);
  });
});

describe("messages of the editor's own interface", () => {
  it("have the results of tools apart and first", () => {
    const result = { type: "result", id: "k", text: "42" } as const;
    assert.deepEqual(messagesOf("user", [{ type: "text", text: "And now?" }, result]), [
      { role: "tool", toolCallId: "k", content: "42" },
      { role: "user", content: [{ type: "text", text: "And now?" }] },
    ]);
    assert.deepEqual(messagesOf("user", [result]).length, 1);
  });

  it("keep the calls of an answer", () => {
    const [message] = messagesOf("assistant", [{ type: "call", text: "", id: "k", name: "f", input: { a: 1 } }]);
    assert.deepEqual(message?.content, [{ type: "toolCall", toolCallId: "k", name: "f", input: { a: 1 } }]);
  });
});

describe("messages of other extensions", () => {
  it("keep their images and their data", () => {
    const image = dataPart("image/png", Uint8Array.of(1, 2, 3));
    assert.deepEqual(messagesOf("user", image ? [image] : []), [{ role: "user", content: [{ type: "image", mimeType: "image/png", data: "AQID" }] }]);
    assert.deepEqual(inputOf(image), [{ type: "image", mimeType: "image/png", data: "AQID" }]);
    assert.deepEqual(inputOf(dataPart("application/json", new TextEncoder().encode("{}"))), [{ type: "text", text: "{}" }]);
    assert.deepEqual(inputOf(dataPart("cache_control", Uint8Array.of(1))), []);
  });

  it("have a size, calls of tools too", () => {
    assert.equal(tokensOf({ type: "text", text: "12345" }), 2);
    assert.equal(tokensOf({ type: "call", text: "", id: "k", name: "find", input: { a: 1 } }), 3);
    assert.ok(tokensOf({ type: "image", text: "", mimeType: "image/png", data: "" }) > 0);
  });

  it("bring options by the names callers use", () => {
    assert.deepEqual(paramsOf({ temperature: 0, max_tokens: 5, other: true }), { temperature: 0, maxTokens: 5 });
    assert.deepEqual(paramsOf({ maxTokens: "5" }), {});
    assert.deepEqual(paramsOf(undefined), {});
  });

  it("fail by the editor's names for failures", () => {
    assert.deepEqual([4001, 4102, 4202, 4204].map((code) => refused({ code, message: "" })), ["NoPermissions", "NotFound", "Blocked", undefined]);
  });
});

describe("errors", () => {
  const refused = Object.assign(new Error("Sign in."), { code: 4001, data: { action: { title: "Go", command: "c", arguments: [] } } });

  it("have a kind, a sentence and one thing to do", () => {
    assert.ok(isKind(refused, "authRequired"));
    assert.equal(sentence(refused), "Sign in.");
    assert.equal(action(refused)?.command, "c");
    assert.equal(action(new Advised("No.", "Mend", "mend"))?.command, "mend");
    assert.equal(sentence("odd"), "odd");
  });
});

describe("intents", () => {
  const by = new Proxy({}, { get: (_, key) => String(key) });
  const words = new Proxy({}, { get: (_, key) => (key === "by" ? by : `${String(key)} {0}`) }) as Words;
  const verified = { ok: true, checked: 3, head: "" };
  const record = {
    at: "2026-01-02T03:04:05Z", tool: "apply_edit", subject: { type: "edit", tool: "apply_edit", path: "a.py\n# b\u202e" },
    purpose: "maintenance", scope: "a.py", riskLevel: "medium", assessments: [{ by: "rule", id: "r", riskLevel: "medium", reason: "It changes a file." }],
    decision: { outcome: "allowed", by: "client", at: "" }, observed: { paths: ["a.py", "b.py"], bytesWritten: 7 }, mismatch: ["It wrote b.py."],
  } as unknown as IntentRecord;

  it("say what was declared, decided, and what really happened", () => {
    const text = page([record], verified, true, words);
    for (const told of ["whole 3", "medium {0}", "It changes a file.", "allowed {0} (client)", "a.py, b.py; bytes 7", "**mismatch It wrote b.py.**", "more {0}"]) {
      assert.ok(text.includes(told), told);
    }
    assert.ok(!text.includes("\n# b"), "what a model wrote stays on its line");
  });

  it("may be none, in a ledger that was changed", () => {
    const text = page([], { ...verified, ok: false, firstBroken: "i1" }, false, words);
    assert.ok(text.includes("broken 3") && text.includes("none"));
  });
});
