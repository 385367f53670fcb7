// When a server that ended is started again, and when that is given up.

export const WINDOW_MS = 3 * 60_000;
export const MOST = 5;

/** The times of the crashes that still count, the latest one included. */
export function counted(crashes: readonly number[], now: number): number[] {
  return [...crashes, now].filter((at) => now - at < WINDOW_MS);
}

/** Whether to start it again after these crashes. */
export function mayRestart(crashes: readonly number[]): boolean {
  return crashes.length < MOST;
}

export interface Crash {
  readonly command: readonly string[];
  readonly exitCode: number | null;
  /** The last lines the server wrote on its standard error. */
  readonly lastLines: readonly string[];
}

/** What is known of a crash, to be pasted into a report. */
export function report(crash: Crash): string {
  const ended = crash.exitCode === null ? "ended" : `ended with exit code ${crash.exitCode}`;
  return [`${crash.command.join(" ")} ${ended}.`, "", ...crash.lastLines].join("\n").trimEnd() + "\n";
}
