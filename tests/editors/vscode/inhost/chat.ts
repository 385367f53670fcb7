import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Exported } from "../../../../editors/vscode/src/extension.ts";
import type { Turn } from "../../../../editors/vscode/src/chat/view.ts";
import { accepting, maestro, open, until, write } from "./helpers.ts";

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

/** Take a turn back, and agree to it. */
async function takeBack({ id }: Turn): Promise<void> {
  await accepting(vscode.commands.executeCommand("maestro.takeBack", { turnId: id }));
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

  it("is forked with what was said, and goes on there; the other stays as it was", async () => {
    const exported = await maestro();
    const { chat } = exported;
    await chat.open();
    await chat.send("What is the capital of France?");
    await chat.send("What is 2 + 2?");
    const [first, second] = chat.conversation.view.turns;
    const before = chat.conversation.chatId;
    await vscode.commands.executeCommand("maestro.forkChat", { turnId: first?.id });
    assert.notEqual(chat.conversation.chatId, before);
    assert.deepEqual(chat.conversation.view.turns.map(textOf), ["The capital of France is Paris."]);
    assert.deepEqual(chat.conversation.view.turns.map(({ user }) => user?.text), ["What is the capital of France?"]);
    await chat.send("What is 2 + 2?");
    const whole = chat.conversation.view.turns.map(textOf);
    assert.deepEqual(whole, ["The capital of France is Paris.", textOf(second as Turn)]);
    await chat.open(chat.conversation.chatId);
    assert.deepEqual(chat.conversation.view.turns.map(textOf), whole);
    assert.ok(!chat.conversation.more);
    await takeBack(lastTurn(exported));
    assert.deepEqual(chat.conversation.view.turns.map(textOf), whole.slice(0, 1));
    await chat.open(before);
    assert.equal(chat.conversation.view.turns.length, 2);
  });

  it("takes a turn back with all after it, the first one by beginning anew", async () => {
    const exported = await maestro();
    const { chat } = exported;
    await chat.open();
    for (const text of ["What is the capital of France?", "What is 2 + 2?", "And what is 3 + 3?"]) await chat.send(text);
    const { turns } = chat.conversation.view;
    await takeBack(turns[1] as Turn);
    assert.deepEqual(chat.conversation.view.turns, turns.slice(0, 1));
    await takeBack(turns[0] as Turn);
    assert.equal(chat.conversation.chatId, undefined);
  });

  it("takes back with a turn what went along with it, also where it is the only one", async () => {
    const exported = await maestro();
    const { chat } = exported;
    const { document } = await open("notes.md");
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 7 } };
    const along = [
      { type: "file", uri: document.uri.toString() },
      { type: "selection", uri: document.uri.toString(), range },
      { type: "image", mimeType: "image/png", data: "iVBORw0KGgo=" },
    ] as const;
    await chat.open();
    for (const text of ["What is the capital of France?", "What is 2 + 2?"]) {
      for (const part of along) chat.attachments.add(part, part.type);
      await chat.send(text);
      assert.deepEqual(chat.attachments.all, []);
    }
    for (const turns of [1, 0]) {
      await takeBack(lastTurn(exported));
      await until(() => new vscode.Disposable(() => undefined), () => chat.conversation.view.turns.length === turns, "the turn to go");
      const drafts = chat.conversation.takeUnsaid();
      const back = [...drafts.flatMap(({ attached }) => attached), ...chat.attachments.take()];
      assert.deepEqual(back.map(({ part }) => part), along);
    }
  });

  it("is asked again what was asked last", async () => {
    const exported = await maestro();
    const { chat } = exported;
    await chat.open();
    for (const text of ["What is the capital of France?", "What is 2 + 2?"]) await chat.send(text);
    const before = lastTurn(exported);
    await accepting(vscode.commands.executeCommand("maestro.tryAgain"));
    assert.deepEqual([chat.conversation.view.turns.length, lastTurn(exported).user?.text], [2, "What is 2 + 2?"]);
    assert.notEqual(lastTurn(exported).id, before.id);
    assert.equal(textOf(lastTurn(exported)), textOf(before));
  });

  it("answers one message after the other where they wait, also in a chat that begins", async () => {
    const exported = await maestro();
    const { chat } = exported;
    const configuration = vscode.workspace.getConfiguration("maestro");
    await configuration.update("chat.delivery", "queue", vscode.ConfigurationTarget.Global);
    try {
      await chat.open();
      await Promise.all(["What is the capital of France?", "What is 2 + 2?"].map((text) => chat.send(text)));
      const { turns } = chat.conversation.view;
      assert.deepEqual(turns.map(({ user, stopReason }) => [user?.text, stopReason]), [
        ["What is the capital of France?", "endTurn"],
        ["What is 2 + 2?", "endTurn"],
      ]);
    } finally {
      await configuration.update("chat.delivery", undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it("goes on while another one is shown, and is stopped alone", async () => {
    const exported = await maestro();
    const { chat } = exported;
    await chat.open();
    const counting = chat.send("Count");
    await seen(exported, (turn) => textOf(turn).length > 0);
    const first = chat.conversation.chatId;
    await chat.open();
    assert.deepEqual([chat.conversation.busy, chat.conversation.view.turns], [false, []]);
    await chat.send("What is the capital of France?");
    assert.deepEqual(chat.conversation.view.turns.map(textOf), ["The capital of France is Paris."]);
    await chat.open(first);
    assert.ok(chat.conversation.busy);
    const before = textOf(lastTurn(exported)).length;
    await seen(exported, (turn) => textOf(turn).length > before);
    await chat.conversation.stop();
    await counting;
    assert.equal(lastTurn(exported).stopReason, "cancelled");
  });
});
