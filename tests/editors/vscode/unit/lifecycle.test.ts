// What the server's state becomes by what happens, and what is known of a program before it serves.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { chosen } from "../../../../editors/vscode/src/server/chosen.ts";
import { adopt, another, current } from "../../../../editors/vscode/src/server/installed.ts";
import { judged } from "../../../../editors/vscode/src/server/judged.ts";
import { type Happening, INITIAL, type Machine, next, type Todo } from "../../../../editors/vscode/src/server/machine.ts";
import { within } from "../../../../editors/vscode/src/server/patience.ts";
import { Pulse } from "../../../../editors/vscode/src/server/pulse.ts";
import { redacted } from "../../../../editors/vscode/src/server/redact.ts";
import type { Failure, Running } from "../../../../editors/vscode/src/server/state.ts";

const RUNNING = { kind: "running", command: ["maestro"], version: "0.1.0", hello: {} } as unknown as Running;
const NONE: Failure = { kind: "noServer", report: "" };

function after(...happenings: readonly Happening[]): { machine: Machine; todos: Todo["kind"][]; last: Todo } {
  let machine = INITIAL;
  let last: Todo = { kind: "nothing" };
  const todos: Todo["kind"][] = [];
  for (const happening of happenings) {
    ({ machine, todo: last } = next(machine, happening));
    todos.push(last.kind);
  }
  return { machine, todos, last };
}

function crash(at: number): Happening[] {
  return [{ kind: "closed" }, { kind: "buried", at, report: `${at}` }, { kind: "tried", outcome: RUNNING }];
}

describe("the state of the server", () => {
  it("starts once for all who want it", () => {
    const { machine, todos } = after({ kind: "wanted" }, { kind: "wanted" }, { kind: "tried", outcome: RUNNING }, { kind: "wanted" });
    assert.deepEqual([machine.state, todos], [RUNNING, ["start", "nothing", "nothing", "nothing"]]);
  });

  it("stays failed until somebody restarts", () => {
    const failed: Happening[] = [{ kind: "wanted" }, { kind: "tried", outcome: NONE }, { kind: "wanted" }];
    assert.deepEqual(after(...failed).machine.state, NONE);
    assert.equal(after(...failed, { kind: "restart" }).machine.state.kind, "starting");
  });

  it("restarts and stops at any moment", () => {
    for (const before of [[], [{ kind: "wanted" }], [{ kind: "wanted" }, { kind: "tried", outcome: RUNNING }]] as Happening[][]) {
      assert.deepEqual(after(...before, { kind: "restart" }).last, { kind: "start", afterMs: 0 });
      assert.deepEqual(after(...before, { kind: "stop" }).last, { kind: "stop" });
    }
  });

  it("believes no start that was given up", () => {
    const { machine } = after({ kind: "wanted" }, { kind: "stop" }, { kind: "tried", outcome: RUNNING });
    assert.equal(machine.state.kind, "stopped");
  });

  it("buries what died before the next one starts, after a pause that grows", () => {
    const begun: Happening[] = [{ kind: "wanted" }, { kind: "tried", outcome: RUNNING }];
    assert.deepEqual(after(...begun, { kind: "closed" }).last, { kind: "bury" });
    assert.deepEqual(after(...begun, ...crash(1).slice(0, 2)).last, { kind: "start", afterMs: 500 });
    assert.deepEqual(after(...begun, ...crash(1), ...crash(2).slice(0, 2)).last, { kind: "start", afterMs: 1000 });
  });

  it("gives up after five ends, keeps the last report, and forgives on restart", () => {
    const given = [1, 2, 3, 4, 5].flatMap(crash);
    const { machine } = after({ kind: "wanted" }, { kind: "tried", outcome: RUNNING }, ...given);
    assert.deepEqual(machine.state, { kind: "crashed", report: "5" });
    assert.deepEqual(next(machine, { kind: "restart" }).machine.crashes, []);
  });
});

describe("the answer to --version", () => {
  const answer = { error: null, printed: "", complained: "" };

  it("is ours, somebody else's, or none with its cause", () => {
    assert.deepEqual(judged({ ...answer, printed: "maestro 1.2.3\n" }), { version: "1.2.3" });
    assert.deepEqual(judged({ ...answer, printed: "Maestro Mobile 1.0\n" }), {
      fault: "foreign",
      cause: "--version printed something else:\nMaestro Mobile 1.0",
    });
    assert.deepEqual(judged({ ...answer, error: { message: "spawn /no ENOENT", code: "ENOENT" }, complained: "" }), {
      fault: "notFound",
      cause: "spawn /no ENOENT",
    });
  });

  it("has the exit code and the last words of what failed", () => {
    const failed = judged({ error: { message: "", code: 1 }, printed: "", complained: "Traceback\nModuleNotFoundError: x\n" });
    assert.deepEqual(failed, { fault: "ended", cause: "--version: exit code 1\nTraceback\nModuleNotFoundError: x" });
  });

  it("says that it took too long", () => {
    assert.equal((judged({ ...answer, error: { message: "", killed: true, signal: "SIGKILL" } }) as { fault: string }).fault, "silent");
  });
});

describe("the program that was set", () => {
  it("is read as people write it", () => {
    assert.deepEqual(chosen(["/x/python", "-m", "maestro"], "/home/me"), ["/x/python", "-m", "maestro"]);
    assert.deepEqual(chosen("/opt/with space/maestro", "/home/me"), ["/opt/with space/maestro"]);
    assert.deepEqual(chosen("~/bin/maestro", "/home/me"), ["/home/me/bin/maestro"]);
    assert.deepEqual(chosen(["venv/bin/maestro"], "/home/me"), ["/home/me/venv/bin/maestro"]);
    assert.deepEqual(chosen("maestro", "/home/me"), ["maestro"]);
  });

  it("may be none", () => {
    for (const nothing of [undefined, null, [], ""]) assert.deepEqual(chosen(nothing, "/home/me"), []);
  });

  it("is refused where it cannot be one", () => {
    for (const wrong of [42, [1], {}, true, [""], [null], ["a\0b"], [["maestro"]]]) assert.equal(chosen(wrong, "/home/me"), undefined);
  });
});

describe("a trace of messages", () => {
  const CANARY = "sk-canary-0123456789";
  const trace = (content: unknown, indent?: number): string =>
    redacted(`Sending request 'maestro/session/create - (3)'.\nParams: ${JSON.stringify(content, null, indent)}`);

  it("has no secret, however it is written", () => {
    const secret = { provider: "openai", apiKey: CANARY };
    for (const text of [trace(secret, 4), trace(secret), redacted(JSON.stringify({ message: { params: secret } }))]) {
      assert.ok(text.includes("openai") && !text.includes(CANARY), text);
    }
  });

  it("hides every field that the vocabulary calls a secret", () => {
    const schema = JSON.parse(readFileSync(new URL("../../../../protocol/maestro_protocol/schema.json", import.meta.url), "utf8")) as unknown;
    const names = [...secretNames(schema)];
    assert.ok(names.includes("apiKey") && names.includes("inputs"));
    for (const name of names) {
      assert.ok(!trace({ [name]: CANARY }).includes(CANARY), name);
      assert.ok(!trace({ deep: [{ [name]: { some: CANARY, other: [CANARY] } }] }, 4).includes(CANARY), name);
    }
  });

  it("leaves out what cannot be understood, and changes nothing else", () => {
    assert.ok(!redacted(`Result: {"apiKey": "${CANARY}"`).includes(CANARY));
    assert.equal(redacted("Received response 'shutdown - (9)' in 3ms.\nNo result returned."), "Received response 'shutdown - (9)' in 3ms.\nNo result returned.");
    assert.equal(trace({ text: "apiKey" }), "Sending request 'maestro/session/create - (3)'.\nParams: {\"text\":\"apiKey\"}");
  });
});

/** The properties that are passwords, or hold nothing but them. */
function* secretNames(node: unknown): Generator<string> {
  if (typeof node !== "object" || node === null) return;
  const { properties } = node as { properties?: Record<string, unknown> };
  for (const [name, property] of Object.entries(properties ?? {})) {
    if (/"format":"password"/.test(JSON.stringify(property))) yield name;
  }
  for (const child of Object.values(node)) yield* secretNames(child);
}

describe("patience", () => {
  it("ends with the work, the time, or when nobody waits any more", async () => {
    const never = new Promise<never>(() => undefined);
    assert.deepEqual(await within(Promise.resolve(1), 60_000), { kind: "done", value: 1 });
    assert.deepEqual(await within(never, 1), { kind: "late" });
    assert.deepEqual(await within(never, 60_000, AbortSignal.abort()), { kind: "aborted" });
    await assert.rejects(within(Promise.reject(new Error("no")), 60_000), /no/);
  });

  it("feels the pulse of a server while somebody waits, and says once that there is none", async () => {
    let asked = 0;
    let answering = true;
    let silences = 0;
    await new Promise<void>((resolve) => {
      const ask = (): Promise<unknown> => {
        asked += 1;
        if (asked > 2) answering = false;
        return answering ? Promise.reject(new Error("busy")) : new Promise(() => undefined);
      };
      const silent = (): void => void (silences += 1, resolve());
      void new Pulse(ask, silent, { everyMs: 1, patienceMs: 1 }).during(new Promise(() => undefined));
    });
    assert.deepEqual([asked, silences], [3, 1]);
  });
});

describe("managed environments", () => {
  it("are made beside the one in use, which stays for who still runs it", () => {
    const folder = mkdtempSync(join(tmpdir(), "maestro-environments-"));
    const make = (now: number): void => {
      const made = another(folder, now);
      mkdirSync(made);
      adopt(folder, made);
      assert.equal(current(folder), made);
    };
    assert.equal(current(folder), undefined);
    for (const now of [1.7e12, 1.71e12, 1.72e12]) make(now);
    mkdirSync(another(folder, 1.73e12));
    make(1.725e12);
    const names = [1.72e12, 1.725e12, 1.73e12].map((now) => now.toString(36));
    assert.deepEqual(readdirSync(folder).sort(), ["current", ...names].sort());
    rmSync(folder, { recursive: true });
  });
});
