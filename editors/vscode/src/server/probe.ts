// Asks a program which Maestro it is.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { version } from "./discovery.ts";

const DEADLINE_MS = 10_000;

/** Its version; absent if it is not ours, cannot be run, or does not answer. */
export function probe(command: readonly string[]): Promise<string | undefined> {
  const [program = "", ...rest] = command;
  return new Promise((resolve) => {
    execFile(program, [...rest, "--version"], { cwd: homedir(), timeout: DEADLINE_MS }, (error, printed) => {
      resolve(error ? undefined : version(printed));
    });
  });
}
