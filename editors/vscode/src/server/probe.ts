// Asks a program which Maestro it is.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { judged, type Probed } from "./judged.ts";

const DEADLINE_MS = 10_000;

/** What it is; killed when it does not answer in time, or nobody wants to know any more. */
export function probe(command: readonly string[], signal: AbortSignal): Promise<Probed> {
  const [program = "", ...rest] = command;
  const options = { cwd: homedir(), timeout: DEADLINE_MS, killSignal: "SIGKILL" as const };
  return new Promise((resolve) => {
    const child = execFile(program, [...rest, "--version"], options, (error, printed, complained) => {
      signal.removeEventListener("abort", kill);
      resolve(judged({ error, printed, complained }));
    });
    // The option `signal` would only ask it to end.
    const kill = (): unknown => child.kill("SIGKILL");
    if (signal.aborted) kill();
    else signal.addEventListener("abort", kill);
  });
}
