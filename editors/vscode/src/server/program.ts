// The server's process: started once, watched, and gone when it is told to be.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import type { Ending } from "./crashes.ts";
import { within } from "./patience.ts";
import { Tail } from "./tail.ts";

const GRACE_MS = 1000;
/** Its last words may arrive a moment after its end. */
const LAST_WORDS_MS = 200;
const WINDOWS = process.platform === "win32";

export class Program {
  readonly tail = new Tail();
  private child: ChildProcess | undefined;
  private gone: Promise<unknown> = Promise.resolve();
  readonly command: readonly string[];
  private readonly variables: Readonly<Record<string, string>>;

  constructor(command: readonly string[], variables: Readonly<Record<string, string>>) {
    this.command = command;
    this.variables = variables;
  }

  /** Raises if it cannot be started, and the second time: a client that ended must not begin anew for a late message. */
  async start(): Promise<ChildProcess> {
    if (this.child) throw new Error("This server has ended.");
    const [program = "", ...rest] = this.command;
    // A group of its own, so that a script around the server does not outlive it, nor the server the script.
    this.child = spawn(program, rest, { cwd: homedir(), env: { ...process.env, ...this.variables }, detached: !WINDOWS });
    this.child.on("error", () => undefined);
    this.child.stdin?.on("error", () => undefined);
    this.gone = once(this.child, "exit").then(() => within(once(this.child as ChildProcess, "close"), LAST_WORDS_MS));
    this.gone.catch(() => undefined);
    await once(this.child, "spawn");
    return this.child;
  }

  /** Wait for its end, and how it ended. One that was asked has a moment for that; then, or else at once, it is killed. */
  async end(asked: boolean): Promise<Ending> {
    const { child } = this;
    if (!child?.pid) return { exitCode: null, signal: null, lastLines: [] };
    child.stdin?.end();
    if (!asked) kill(child, child.pid, "SIGTERM");
    const { kind } = await within(this.gone, GRACE_MS);
    if (kind !== "done") kill(child, child.pid, "SIGKILL");
    await this.gone;
    return { exitCode: child.exitCode, signal: child.signalCode, lastLines: this.tail.all() };
  }
}

function kill(child: ChildProcess, pid: number, signal: NodeJS.Signals): void {
  try {
    if (WINDOWS) child.kill(signal);
    else process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}
