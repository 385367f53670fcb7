// What the views show, as far as it is plain values.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rows } from "../../../../editors/vscode/src/context/rows.ts";
import { action, Advised, isKind, sentence } from "../../../../editors/vscode/src/errors.ts";
import { group } from "../../../../editors/vscode/src/findings/model.ts";
import { messagesOf } from "../../../../editors/vscode/src/native/translate.ts";
import type { Chunk, Finding, Provider, Session } from "../../../../editors/vscode/src/protocol.ts";
import { contextValue, current, tree } from "../../../../editors/vscode/src/sessions/model.ts";
import { line, severity } from "../../../../editors/vscode/src/status/model.ts";

const session = (name: string, more: Partial<Session> = {}): Session =>
  ({ id: name, name, provider: "openai", source: "vault", boundTo: [], isDefault: false, ...more }) as unknown as Session;

describe("sessions", () => {
  const here = "file:///work";

  it("stand under their provider; providers without any are left out", () => {
    const providers = [{ id: "openai" }, { id: "gemini" }] as Provider[];
    const [openai, ...rest] = tree(providers, [session("a"), session("b", { boundTo: [here] })], here);
    assert.deepEqual(rest, []);
    assert.deepEqual(openai?.sessions.map(({ session: { name }, bound }) => [name, bound]), [["a", false], ["b", true]]);
  });

  it("are used as the server chooses: bound, default, the only stored one, never another", () => {
    const bound = session("bound", { boundTo: [here] });
    const byDefault = session("default", { isDefault: true });
    assert.equal(current([session("x"), byDefault, bound], "openai", here)?.name, "bound");
    assert.equal(current([session("x"), byDefault], "openai", here)?.name, "default");
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

describe("findings", () => {
  const finding = (title: string, more: Partial<Finding>): Finding =>
    ({ title, rule: "r", severity: "low", state: "open", uri: "file:///a", relPath: "a", intents: [], ...more }) as unknown as Finding;
  const all = [
    finding("mild", { relPath: "b" }),
    finding("grave", { severity: "critical", rule: "s" }),
    finding("gone", { state: "dismissed" }),
  ];

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
