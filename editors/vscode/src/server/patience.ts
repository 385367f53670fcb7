// Waiting that ends.
import { setTimeout as sleep } from "node:timers/promises";

/** What came of the work; `late` when the time was over before, `aborted` when nobody waits any more. */
export type Came<T> = { readonly kind: "done"; readonly value: T } | { readonly kind: "late" | "aborted" };

/** Wait for the work, so many milliseconds and no longer than the signal says. The work itself goes on; raises what it raises. */
export async function within<T>(work: Promise<T>, ms: number, signal?: AbortSignal): Promise<Came<T>> {
  const over = new AbortController();
  const stop = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  const waiting = sleep(ms, { kind: "late" as const }, { signal: stop }).catch(() => ({ kind: "aborted" as const }));
  try {
    return await Promise.race([work.then((value) => ({ kind: "done" as const, value })), waiting]);
  } finally {
    over.abort();
  }
}

/** Wait; shorter if nobody waits any more. */
export async function pass(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
