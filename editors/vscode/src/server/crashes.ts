// When a server that ended is started again, and when that is given up.

export const WINDOW_MS = 3 * 60_000;
export const MOST = 5;
const FIRST_PAUSE_MS = 500;

/** The times of the crashes that still count, the latest one included. */
export function counted(crashes: readonly number[], now: number): number[] {
  return [...crashes, now].filter((at) => now - at < WINDOW_MS);
}

/** Whether to start it again after these crashes. */
export function mayRestart(crashes: readonly number[]): boolean {
  return crashes.length < MOST;
}

/** How long to wait before it is started again, in milliseconds: each time twice as long. */
export function pause(crashes: readonly number[]): number {
  return FIRST_PAUSE_MS * 2 ** (crashes.length - 1);
}

/** How a process ended. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last lines it wrote on its standard error. */
  readonly lastLines: readonly string[];
}

/** Translates a text and fills its holes. */
export type Translate = (text: string, ...values: string[]) => string;

/** What is known of an end, to be pasted into a report; `cause` is what is known besides. */
export function report(command: readonly string[], ending: Ending, t: Translate, cause = ""): string {
  const head = [said(command.join(" "), ending, t), cause].filter(Boolean);
  return `${[...head, "", ...ending.lastLines].join("\n").trimEnd()}\n`;
}

function said(program: string, { exitCode, signal }: Ending, t: Translate): string {
  if (signal !== null) return t("{0} was ended by {1}.", program, signal);
  return exitCode === null ? t("{0} ended.", program) : t("{0} ended with exit code {1}.", program, String(exitCode));
}
