import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Exported } from "../../../../editors/vscode/src/extension.ts";
import type { Turn } from "../../../../editors/vscode/src/chat/view.ts";
import { maestro, open, until, write } from "./helpers.ts";

function lastTurn({ chat }: Exported): Turn {
  return chat.conversation.view.turns.at(-1) as Turn;
}

function textOf(turn: Turn): string {
  return turn.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** Wait until the chat's view is so. */
async function seen(exported: Exported, holds: (turn: Turn) => boolean): Promise<void> {
  const { server, chat } = exported;
  const listen = (again: () => void): vscode.Disposable => {
    const timer = setInterval(again, 20);
    return vscode.Disposable.from(new vscode.Disposable(() => clearInterval(timer)), server.onDidChangeState(again));
  };
  await until(listen, () => chat.conversation.view.turns.length > 0 && holds(lastTurn(exported)), "the chat");
}

describe("chat", () => {
  it("streams an answer", async () => {
    const exported = await maestro();
    await exported.chat.open();
    await exported.chat.send("What is the capital of France?");
    assert.equal(textOf(lastTurn(exported)), "The capital of France is Paris.");
    assert.equal(lastTurn(exported).stopReason, "endTurn");
    assert.ok((lastTurn(exported).usage?.totalTokens ?? 0) > 0);
  });

  it("goes on in the same chat, and is whole again after it was opened anew", async () => {
    const exported = await maestro();
    const { chat } = exported;
    const first = chat.conversation.chatId;
    await chat.send("What is 2 + 2?");
    assert.equal(chat.conversation.chatId, first);
    const before = chat.conversation.view.turns;
    await chat.open(first);
    assert.deepEqual(chat.conversation.view.turns, before);
  });

  it("stops at once", async () => {
    const exported = await maestro();
    await exported.chat.open();
    const sending = exported.chat.send("Count");
    await seen(exported, (turn) => textOf(turn).length > 0);
    await exported.chat.conversation.stop();
    await sending;
    assert.equal(lastTurn(exported).stopReason, "cancelled");
    assert.ok(!exported.chat.conversation.busy);
  });

  it("asks before a tool changes something, and does it when allowed", async () => {
    const exported = await maestro();
    const { document } = await open("notes.md");
    await exported.chat.open();
    const sending = exported.chat.send("Change the notes");
    const { permissions } = exported;
    await until(permissions.onDidChange, () => permissions.pending.length > 0, "a question");
    const request = permissions.pending[0];
    assert.deepEqual([request?.subject.tool, request?.subject.path], ["apply_edit", "notes.md"]);
    assert.ok(document.getText().includes("milk"));
    permissions.choose(request?.requestId ?? "", "allowOnce");
    await sending;
    assert.ok(document.getText().includes("bread"));
    assert.equal(textOf(lastTurn(exported)), "I change them.The notes are changed.");
  });

  it("changes nothing when denied", async () => {
    const exported = await maestro();
    const { document } = await open("notes.md");
    await write(document, "# Notes\n\nBuy milk.\n");
    await exported.chat.open();
    const sending = exported.chat.send("Change the notes");
    const { permissions } = exported;
    await until(permissions.onDidChange, () => permissions.pending.length > 0, "a question");
    permissions.choose(permissions.pending[0]?.requestId ?? "", "deny");
    await sending;
    assert.ok(document.getText().includes("milk"));
    assert.ok(lastTurn(exported).parts.some((part) => part.type === "tool" && part.status === "denied"));
  });
});
