// The server's process: started once, watched, and gone when it is told to be.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { Tail } from "./tail.ts";

const GRACE_MS = 1000;

export class Program {
  readonly tail = new Tail();
  private child: ChildProcess | undefined;
  private readonly command: readonly string[];
  private readonly variables: Readonly<Record<string, string>>;

  constructor(command: readonly string[], variables: Readonly<Record<string, string>>) {
    this.command = command;
    this.variables = variables;
  }

  get exitCode(): number | null {
    return this.child?.exitCode ?? null;
  }

  /** Raises if it cannot be started, and the second time: a client that ended must not begin anew for a late message. */
  async start(): Promise<ChildProcess> {
    if (this.child) throw new Error("This server has ended.");
    const [program = "", ...rest] = this.command;
    this.child = spawn(program, rest, { cwd: homedir(), env: { ...process.env, ...this.variables } });
    await once(this.child, "spawn");
    return this.child;
  }

  /** Wait for its end; if it takes its time it is killed, so that never two of them work at once. */
  async gone(): Promise<void> {
    const { child } = this;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const killing = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    await once(child, "exit");
    clearTimeout(killing);
  }
}
