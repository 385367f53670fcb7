// Programs in the server's place that misbehave: each is told in one sentence, and none is left behind.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import { isCancelled } from "../../../../editors/vscode/src/errors.ts";
import type { Exported } from "../../../../editors/vscode/src/extension.ts";
import { connect } from "../../../../editors/vscode/src/server/client.ts";
import { failure } from "../../../../editors/vscode/src/server/failure.ts";
import { becomes, eventually, maestro, until } from "./helpers.ts";

const configuration = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration("maestro");
const set = (value: unknown): Thenable<void> => configuration().update("server.command", value, vscode.ConfigurationTarget.Global);

describe("a server that misbehaves", () => {
  let exported: Exported;
  let command: string[];
  let folder: string;
  let journal: string;

  before(async () => {
    exported = await maestro();
    command = configuration().get<string[]>("server.command", []);
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "maestro-standin-"));
    journal = join(folder, "journal");
  });

  afterEach(async () => {
    await set(command);
    await becomes(exported, "running");
    assert.equal(exported.server.state.kind === "running" && exported.server.state.command[0], command[0]);
    await eventually(async () => processes().length === 0, `no stand-in to be left of ${processes().join()}`);
    rmSync(folder, { recursive: true });
  });

  const standin = (mode: string): string[] => {
    const extension = vscode.extensions.getExtension("the-maestro.maestro")?.extensionPath ?? "";
    return [join(dirname(command[0] ?? ""), "python"), join(extension, "../../tests/editors/vscode/standin.py"), mode, journal];
  };

  /** The stand-ins that live. */
  const processes = (): number[] => given(journal);

  /** The process ids of its starts. */
  const starts = (): number[] => {
    try {
      return readFileSync(journal, "utf8").trim().split("\n").map(Number);
    } catch {
      return [];
    }
  };

  const reported = (): string => ("report" in exported.server.state ? exported.server.state.report : "");

  /** What is told of a program that does not serve. */
  const told = async (mode: string, kind: "failed" | "incompatible"): Promise<string> => {
    await set(standin(mode));
    await becomes(exported, kind);
    return failure(exported.server.state).message;
  };

  it("is given up for another one while it hangs, and who waited is served", async () => {
    await set(standin("hang"));
    await eventually(async () => starts().length === 1, "its start");
    const waiting = exported.server.request("maestro/status", {});
    await set(command);
    assert.ok(await waiting);
  });

  it("is stopped while it hangs", async () => {
    await set(standin("hang"));
    await eventually(async () => starts().length === 1, "its start");
    await exported.server.stop();
    assert.equal(exported.server.state.kind, "stopped");
    assert.deepEqual(processes(), []);
  });

  it("is stopped though it does not say its version", async () => {
    await set(standin("noVersion"));
    await eventually(async () => processes().length === 1, "its start");
    await exported.server.stop();
    assert.deepEqual(processes(), []);
  });

  it("is no server where it prints what is no message", async () => {
    assert.match(await told("garbage", "failed"), /is not Maestro's server\.$/);
  });

  it("is no server where it does not introduce itself", async () => {
    assert.match(await told("stranger", "failed"), /is not Maestro's server\.$/);
  });

  it("is tried once where it ends at once, and its last words are kept", async () => {
    await set(standin("exit"));
    await assert.rejects(exported.server.request("maestro/status", {}), /ended before it was ready/);
    const { state } = exported.server;
    assert.ok(state.kind === "failed");
    assert.match(state.report, /ended with exit code 1\.[^]*ModuleNotFoundError: No module named 'x'/);
    await assert.rejects(exported.server.request("maestro/status", {}), failure(state));
    assert.equal(starts().length, 1);
  });

  it("is told apart where it speaks another version", async () => {
    assert.match(await told("newer", "incompatible"), /another version of the protocol/);
    assert.equal(failure(exported.server.state).action.command, "maestro.chooseProgram");
  });

  it("is killed before another one starts when it only closes its output", async () => {
    await set(standin("closing"));
    await eventually(async () => starts().length === 2, "the next start");
    assert.ok(!processes().includes(starts()[0] ?? 0));
  });

  it("is killed where it does not obey", async () => {
    await set(standin("deaf"));
    const { server } = exported;
    await until(server.onDidChangeState, () => server.state.kind === "running" && server.state.command.includes("deaf"), "its start");
    await server.stop();
    assert.deepEqual(processes(), []);
  });

  it("is told of when it does not answer, and can be restarted", async () => {
    const { server } = exported;
    await set(standin("mute"));
    const silence = new Promise<void>((resolve) => void server.onDidFallSilent(resolve));
    const waiting = assert.rejects(server.request("maestro/doctor", {}), isCancelled);
    await silence;
    await set(command);
    await waiting;
  });

  it("is left alone by whoever cancels, restarts, or sees it die", async () => {
    const { server } = exported;
    await set(standin("mute"));
    await until(server.onDidChangeState, () => server.state.kind === "running" && server.state.command.includes("mute"), "its start");
    const cancelling = new vscode.CancellationTokenSource();
    const cancelled = assert.rejects(server.request("maestro/doctor", {}, cancelling.token), isCancelled);
    cancelling.cancel();
    await cancelled;
    const dying = assert.rejects(server.request("maestro/doctor", {}), /ended before it answered/);
    const ended = until(server.onDidChangeState, () => server.state.kind !== "running", "its end");
    await sent();
    process.kill(starts()[0] ?? 0, "SIGKILL");
    await Promise.all([dying, ended]);
    await becomes(exported, "running");
    const restarted = assert.rejects(server.request("maestro/doctor", {}), isCancelled);
    await sent();
    await server.restart();
    await restarted;
  });

  it("is none where what was set is no program", async () => {
    for (const wrong of [42, [1], {}, [""]]) {
      await set(wrong);
      await until(exported.server.onDidChangeState, () => reported() === `maestro.server.command: ${JSON.stringify(wrong)}\n`, "its end");
      assert.match(failure(exported.server.state).message, /must be a program/);
    }
  });

  it("hears secrets that no log shows", async () => {
    const canary = "sk-canary-0123456789";
    const lines: string[] = [];
    const keep = (...words: unknown[]): void => void lines.push(words.join(" "));
    const quiet = new vscode.EventEmitter<vscode.LogLevel>();
    const log = { logLevel: vscode.LogLevel.Trace, onDidChangeLogLevel: quiet.event, trace: keep, debug: keep, info: keep, warn: keep, error: keep, appendLine: keep };
    await configuration().update("trace.server", "verbose", vscode.ConfigurationTarget.Global);
    const uses = { log: log as unknown as vscode.LogOutputChannel, clientId: "x", silent: () => undefined };
    const { client, program } = connect([...standin("obedient"), "lsp", "--stdio"], uses);
    await client.start();
    const made = { provider: "openai", authType: "api_key", name: "work", apiKey: canary };
    await assert.rejects(client.sendRequest("maestro/session/create", made), /No such method/);
    await assert.rejects(client.sendRequest("maestro/session/continue", { loginId: "l", inputs: { code: canary } }), /No such method/);
    await client.dispose();
    await program.end(true);
    await configuration().update("trace.server", undefined, vscode.ConfigurationTarget.Global);
    const all = lines.join("\n");
    assert.ok(all.includes('"name": "work"') && all.includes('"loginId": "l"'), all);
    assert.ok(!all.includes(canary), all);
  });
});

/** Until the request before is on its way: it takes no event from outside. */
function sent(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The processes that were given this argument. */
function given(argument: string): number[] {
  const has = (pid: number): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(argument);
    } catch {
      return false;
    }
  };
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter(has);
}
