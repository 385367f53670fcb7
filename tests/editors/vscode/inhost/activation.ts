import assert from "node:assert/strict";
import * as vscode from "vscode";
import { PROTOCOL_VERSION } from "../../../../editors/vscode/src/protocol.ts";
import { eventually, maestro } from "./helpers.ts";

describe("activation", () => {
  it("finds a server and shakes hands with it", async () => {
    const { server } = await maestro();
    assert.ok(server.state.kind === "running");
    assert.equal(server.state.hello.protocolVersion, PROTOCOL_VERSION);
  });

  it("has every command of the manifest", async () => {
    const { contributes } = vscode.extensions.getExtension("the-maestro.maestro")?.packageJSON as {
      contributes: { commands: { command: string }[] };
    };
    const known = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(contributes.commands.map(({ command }) => command).filter((name) => !known.has(name)), []);
  });

  it("lists the session of the environment, without its key", async () => {
    const { server } = await maestro();
    const { sessions } = await server.request("maestro/session/list", {});
    assert.deepEqual(sessions.map(({ id }) => id), ["env:openai"]);
    assert.ok(!JSON.stringify(sessions).includes("sk-simulated"));
  });

  it("uses the key of the environment once somebody said so", async () => {
    const { server } = await maestro();
    assert.ok((await server.request("maestro/session/setDefault", { sessionId: "env:openai" })).isDefault);
  });

  it("tells the server what was set, as soon as it is", async () => {
    const { server } = await maestro();
    const configuration = vscode.workspace.getConfiguration("maestro");
    const offered = async (): Promise<boolean> =>
      (await server.request("maestro/tool/list", {})).tools.some(({ name, enabled }) => name === "run_command" && enabled);
    assert.ok(!(await offered()));
    await configuration.update("tools.runCommand", true, vscode.ConfigurationTarget.Workspace);
    await eventually(offered, "the tool to be offered");
    await configuration.update("tools.runCommand", undefined, vscode.ConfigurationTarget.Workspace);
    await eventually(async () => !(await offered()), "the tool to be withdrawn");
  });

  it("makes, binds, renames and forgets a session", async () => {
    const { server } = await maestro();
    const workspaceFolder = vscode.workspace.workspaceFolders?.[0]?.uri.toString() ?? "";
    const made = { provider: "openai", authType: "api_key", name: "work", apiKey: "sk-simulated-key-0002" } as const;
    const step = await server.request("maestro/session/create", made);
    assert.ok(step.type === "done");
    const sessionId = step.session.id;
    await server.request("maestro/session/bind", { sessionId, workspaceFolder });
    const renamed = await server.request("maestro/session/rename", { sessionId, name: "office" });
    assert.deepEqual([renamed.name, renamed.boundTo], ["office", [workspaceFolder]]);
    assert.ok((await server.request("maestro/session/delete", { sessionId })).deleted);
  });
});
