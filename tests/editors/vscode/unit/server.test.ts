// How a server is found, told its settings, and started again.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { counted, mayRestart, MOST, report, WINDOW_MS } from "../../../../editors/vscode/src/server/crashes.ts";
import { candidates, version } from "../../../../editors/vscode/src/server/discovery.ts";
import { requirement, steps } from "../../../../editors/vscode/src/server/environment.ts";
import { Program } from "../../../../editors/vscode/src/server/program.ts";
import { proxyVariables } from "../../../../editors/vscode/src/server/proxy.ts";
import { Queue } from "../../../../editors/vscode/src/server/queue.ts";
import { told } from "../../../../editors/vscode/src/server/settings.ts";
import { Tail } from "../../../../editors/vscode/src/server/tail.ts";

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
  };
  const tell = (trusted: boolean) =>
    told(
      Object.keys(values),
      (name) => values[name as keyof typeof values],
      new Set(["maestro.tools.runCommand"]),
      trusted,
    );

  it("tells what was set, and neither defaults nor what is the editor's own", () => {
    assert.deepEqual(tell(true), { tools: { runCommand: true }, chat: { maxRounds: 4 } });
  });

  it("does not believe an untrusted folder what is restricted", () => {
    assert.deepEqual(tell(false), { tools: { runCommand: false }, chat: { maxRounds: 4 } });
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
    const text = report({ command: ["maestro", "lsp"], exitCode: 3, lastLines: ["Traceback", "Boom"] });
    assert.equal(text, "maestro lsp ended with exit code 3.\n\nTraceback\nBoom\n");
  });

  it("keeps the last lines, however they arrive", () => {
    const tail = new Tail(2);
    for (const piece of ["one\ntw", "o\nthr", "ee\nfour"]) tail.add(piece);
    assert.deepEqual(tail.all(), ["two", "three", "four"]);
  });
});

describe("queue", () => {
  it("does one thing after the other, also after a failure", async () => {
    const queue = new Queue();
    const done: string[] = [];
    const failing = queue.add("a", () => Promise.reject(new Error("no")));
    const next = queue.add("b", async () => void done.push("b"));
    await assert.rejects(failing);
    await next;
    assert.deepEqual(done, ["b"]);
  });

  it("does once what is asked for twice before it begins", async () => {
    const queue = new Queue();
    let times = 0;
    const work = async (): Promise<void> => void (times += 1);
    await Promise.all([queue.add("restart", work), queue.add("restart", work)]);
    await queue.add("restart", work);
    assert.equal(times, 2);
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
  it("starts once, and is gone when it was waited for", async () => {
    const program = new Program([process.execPath, "-e", "process.stdin.resume()"], {});
    const child = await program.start();
    await assert.rejects(program.start());
    child.stdin?.end();
    await program.gone();
    assert.equal(program.exitCode, 0);
  });

  it("says when there is none", async () => {
    await assert.rejects(new Program(["/no/such/program"], {}).start());
  });
});
