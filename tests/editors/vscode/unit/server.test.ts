// How a server is found, told its settings, and started again.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { describe, it } from "node:test";
import { counted, mayRestart, MOST, pause, report, WINDOW_MS } from "../../../../editors/vscode/src/server/crashes.ts";
import { candidates, version } from "../../../../editors/vscode/src/server/discovery.ts";
import { requirement, steps } from "../../../../editors/vscode/src/server/environment.ts";
import { Program } from "../../../../editors/vscode/src/server/program.ts";
import { proxyVariables } from "../../../../editors/vscode/src/server/proxy.ts";
import { told } from "../../../../editors/vscode/src/server/settings.ts";
import { Tail } from "../../../../editors/vscode/src/server/tail.ts";
import { fill } from "../../../../editors/vscode/src/text.ts";

const AT = { setting: [], path: "/a:.:relative:/b", windows: false, environment: "/env", exists: () => true };

describe("discovery", () => {
  it("takes a program that was set and no other", () => {
    const found = candidates({ ...AT, setting: ["/x/python", "-m", "maestro"] });
    assert.deepEqual(found, [{ origin: "setting", command: ["/x/python", "-m", "maestro"] }]);
  });

  it("looks along PATH, then in the managed environment, and never where one happens to stand", () => {
    const commands = candidates(AT).map(({ origin, command }) => [origin, ...command]);
    assert.deepEqual(commands, [["path", "/a/maestro"], ["path", "/b/maestro"], ["managed", "/env/bin/maestro"]]);
  });

  it("finds nothing where nothing is", () => {
    assert.deepEqual(candidates({ ...AT, exists: () => false }), []);
  });

  it("knows another program of the same name", () => {
    assert.equal(version("maestro 0.1.0\n"), "0.1.0");
    assert.equal(version("1.39.13\n"), undefined);
    assert.equal(version("maestro: unknown option\n"), undefined);
  });
});

describe("settings", () => {
  const values = {
    "maestro.tools.runCommand": { workspaceValue: true, globalValue: false },
    "maestro.chat.maxRounds": { workspaceValue: 3, workspaceFolderValue: 4 },
    "maestro.defaults.chat": {},
    "maestro.server.command": { globalValue: ["x"] },
    "maestro.aliases": { globalValue: { a: "1", b: "2" }, workspaceValue: { b: "3" }, workspaceFolderValue: { c: "4" } },
  };
  const tell = (trusted: boolean) =>
    told(
      Object.keys(values),
      (name) => values[name as keyof typeof values],
      new Set(["maestro.tools.runCommand", "maestro.aliases"]),
      trusted,
    );

  it("tells what was set, and neither defaults nor what is the editor's own", () => {
    assert.deepEqual(tell(true), { tools: { runCommand: true }, chat: { maxRounds: 4 }, aliases: { a: "1", b: "3", c: "4" } });
  });

  it("does not believe an untrusted folder what is restricted", () => {
    assert.deepEqual(tell(false), { tools: { runCommand: false }, chat: { maxRounds: 4 }, aliases: { a: "1", b: "2" } });
  });
});

describe("crashes", () => {
  it("gives up after five within three minutes", () => {
    let crashes: number[] = [];
    for (let crash = 1; crash < MOST; crash += 1) crashes = counted(crashes, crash);
    assert.ok(mayRestart(crashes));
    assert.ok(!mayRestart(counted(crashes, MOST)));
  });

  it("forgives the old ones", () => {
    assert.deepEqual(counted([0, 1, 2, 3], WINDOW_MS + 2), [3, WINDOW_MS + 2]);
  });

  it("reports the command, its end and its last words", () => {
    const told = (exitCode: number | null, signal: string | null, cause?: string): string =>
      report(["maestro", "lsp"], { exitCode, signal, lastLines: ["Traceback", "Boom"] }, (text, ...values) => fill(text, values), cause);
    assert.equal(told(3, null), "maestro lsp ended with exit code 3.\n\nTraceback\nBoom\n");
    assert.equal(told(null, "SIGKILL", "why"), "maestro lsp was ended by SIGKILL.\nwhy\n\nTraceback\nBoom\n");
  });

  it("waits longer each time", () => {
    assert.deepEqual([[1], [1, 2], [1, 2, 3]].map(pause), [500, 1000, 2000]);
  });

  it("keeps the last lines, however they arrive", () => {
    const tail = new Tail(2);
    for (const piece of ["one\ntw", "o\nthr", "ee\nfour"]) tail.add(piece);
    assert.deepEqual(tail.all(), ["two", "three", "four"]);
  });
});

describe("environment", () => {
  it("is made by uv where that is, else by Python, else not at all", () => {
    const programs = (tools: { uv?: string; python?: string }) =>
      steps(tools, "/env", "the-maestro", false)?.map(([program]) => program);
    assert.deepEqual(programs({ uv: "uv", python: "python3" }), ["uv", "uv"]);
    assert.deepEqual(programs({ python: "python3" }), ["python3", "/env/bin/python"]);
    assert.equal(programs({}), undefined);
  });

  it("gets a server of the extension's own release", () => {
    assert.equal(requirement("1.4.2"), "the-maestro[mcp,offline,prices]~=1.4.0");
  });
});

describe("proxy", () => {
  it("is the editor's, unless the environment has one", () => {
    const settings = { proxy: "http://proxy:3128", noProxy: ["localhost", "intern"] };
    assert.equal(proxyVariables(settings, {})["NO_PROXY"], "localhost,intern");
    assert.deepEqual(proxyVariables(settings, { https_proxy: "http://other" }), {});
    assert.deepEqual(proxyVariables({ proxy: "", noProxy: [] }, {}), {});
  });
});

describe("program", () => {
  const running = async (script: string): Promise<Program> => {
    const program = new Program([process.execPath, "-e", script], {});
    const child = await program.start();
    child.stderr?.on("data", (text: Buffer) => program.tail.add(String(text)));
    await once(child.stdout as Readable, "data");
    return program;
  };

  it("starts once, and says how it ended", async () => {
    const program = await running("process.stdin.resume().on('end', () => { console.error('bye'); process.exit(3); }); console.log()");
    await assert.rejects(program.start());
    assert.deepEqual(await program.end(true), { exitCode: 3, signal: null, lastLines: ["bye"] });
  });

  it("is killed where it does not obey, with what it started", async () => {
    const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);";
    const script = `const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(deaf)}]); ${deaf} console.log(child.pid)`;
    const program = new Program([process.execPath, "-e", script], {});
    const child = await program.start();
    const [printed] = (await once(child.stdout as Readable, "data")) as [Buffer];
    assert.equal((await program.end(false)).signal, "SIGKILL");
    assert.throws(() => process.kill(child.pid as number, 0), /ESRCH/);
    await dead(Number(printed));
  });

  it("says when there is none", async () => {
    const program = new Program(["/no/such/program"], {});
    await assert.rejects(program.start());
    assert.deepEqual(await program.end(true), { exitCode: null, signal: null, lastLines: [] });
  });
});

/** Wait until a process is gone, or only its parent does not know yet. */
async function dead(pid: number): Promise<void> {
  const alive = (): boolean => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };
  while (alive()) await new Promise((resolve) => setImmediate(resolve));
}
