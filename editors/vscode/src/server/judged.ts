// What the answer to `--version` says of a program.
import type { ExecFileException } from "node:child_process";
import { version } from "./discovery.ts";
import type { Fault } from "./state.ts";

export interface Answer {
  readonly error: Pick<ExecFileException, "message" | "code" | "signal" | "killed"> | null;
  readonly printed: string;
  readonly complained: string;
}

/** Its version, or what is wrong with it and all that is known of that. */
export type Probed = { readonly version: string } | { readonly fault: Fault; readonly cause: string };

const MOST_LINES = 20;

export function judged({ error, printed, complained }: Answer): Probed {
  const found = error ? undefined : version(printed);
  if (found) return { version: found };
  return { fault: faultOf(error), cause: [causeOf(error), last(complained || printed)].filter(Boolean).join("\n") };
}

function faultOf(error: Answer["error"]): Fault {
  if (!error || error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "foreign";
  if (error.killed) return "silent";
  return typeof error.code === "string" ? "notFound" : "ended";
}

function causeOf(error: Answer["error"]): string {
  if (!error) return "--version printed something else:";
  if (error.killed) return `--version: killed after it took too long (${error.signal ?? error.code})`;
  if (typeof error.code === "string") return error.message.split("\n", 1)[0] ?? "";
  return `--version: ${error.signal ?? `exit code ${error.code}`}`;
}

function last(text: string): string {
  return text.trim().slice(-2000).split("\n").slice(-MOST_LINES).join("\n");
}
