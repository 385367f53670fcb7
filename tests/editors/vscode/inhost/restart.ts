import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Turn } from "../../../../editors/vscode/src/chat/view.ts";
import { becomes, eventually, maestro, serverProcesses, until } from "./helpers.ts";

describe("the server", () => {
  it("is started again after it died, and the chat is still there", async () => {
    const exported = await maestro();
    const { server, chat } = exported;
    await chat.open();
    await chat.send("What is the capital of France?");
    const before = chat.conversation.view.turns;
    const [pid] = serverProcesses();
    assert.ok(pid);
    process.kill(pid, "SIGKILL");
    await until(server.onDidChangeState, () => server.state.kind !== "running", "its end");
    await becomes(exported, "running");
    assert.notDeepEqual(serverProcesses(), [pid]);
    await chat.open(chat.conversation.chatId);
    assert.deepEqual(chat.conversation.view.turns, before);
  });

  it("loses nothing of an answer when it is killed in the middle of it", async () => {
    const exported = await maestro();
    const { server, chat } = exported;
    await chat.open();
    const sending = chat.send("Count");
    const last = (): Turn | undefined => chat.conversation.view.turns.at(-1);
    await eventually(async () => (last()?.parts.length ?? 0) > 0, "an answer");
    const { chatId } = chat.conversation;
    const [pid] = serverProcesses();
    process.kill(pid as number, "SIGKILL");
    await sending;
    await until(server.onDidChangeState, () => server.state.kind === "running", "another server");
    await eventually(async () => last()?.stopReason === "interrupted", "the end of the turn");
    assert.deepEqual([chat.conversation.chatId, chat.conversation.view.turns.length], [chatId, 1]);
    assert.equal(last()?.user?.text, "Count");
    assert.ok((last()?.parts.length ?? 0) > 0);
    assert.deepEqual([chat.conversation.takeUnsaid(), chat.conversation.failure, chat.conversation.busy], [[], undefined, false]);
    await chat.send("What is the capital of France?");
    assert.equal(last()?.stopReason, "endTurn");
  });

  it("is restarted on demand, once for two demands", async () => {
    const exported = await maestro();
    await Promise.all([exported.server.restart(), exported.server.restart()]);
    assert.equal(exported.server.state.kind, "running");
    assert.equal(serverProcesses().length, 1);
  });

  it("is missed in one sentence where the program that was set is none", async () => {
    const exported = await maestro();
    const { server } = exported;
    const configuration = vscode.workspace.getConfiguration("maestro");
    const command = configuration.get<string[]>("server.command");
    await configuration.update("server.command", ["/no/such/maestro"], vscode.ConfigurationTarget.Global);
    await becomes(exported, "failed");
    await assert.rejects(server.request("maestro/status", {}), /could not be started/);
    const { situation } = exported.chat;
    assert.match(situation.advice?.message ?? "", /could not be started/);
    assert.deepEqual([situation.advice?.command?.command, situation.advice?.weight], ["maestro.chooseProgram", "blocks"]);
    await configuration.update("server.command", command, vscode.ConfigurationTarget.Global);
    await becomes(exported, "running");
    assert.notEqual(situation.advice?.weight, "blocks");
  });

  it("is given up after five crashes, with a report", async () => {
    const exported = await maestro();
    const { server } = exported;
    for (let crash = 1; crash <= 5; crash += 1) {
      await becomes(exported, "running");
      const [pid] = serverProcesses();
      if (pid) process.kill(pid, "SIGKILL");
      await until(server.onDidChangeState, () => server.state.kind !== "running", "its end");
    }
    await becomes(exported, "crashed");
    assert.ok(server.state.kind === "crashed" && /maestro lsp --stdio was ended by SIGKILL\./.test(server.state.report));
    await server.restart();
    assert.equal(server.state.kind, "running");
  });
});
