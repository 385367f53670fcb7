import assert from "node:assert/strict";
import * as vscode from "vscode";
import { becomes, maestro, serverProcesses, until } from "./helpers.ts";

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
    await configuration.update("server.command", command, vscode.ConfigurationTarget.Global);
    await becomes(exported, "running");
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
    assert.ok(server.state.kind === "crashed" && server.state.report.includes("maestro"));
    await server.restart();
    assert.equal(server.state.kind, "running");
  });
});
