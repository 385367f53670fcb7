// Whether the server lives while somebody waits for it: asked something small from time to time.
import { within } from "./patience.ts";

export interface Times {
  readonly everyMs: number;
  readonly patienceMs: number;
}

const USUAL: Times = { everyMs: 8_000, patienceMs: 8_000 };

export class Pulse {
  private waiting = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly ask: () => Promise<unknown>;
  private readonly silent: () => void;
  private readonly times: Times;

  /** `silent` is called once, when it does not answer `ask`; that it refuses is an answer. */
  constructor(ask: () => Promise<unknown>, silent: () => void, times = USUAL) {
    this.ask = ask;
    this.silent = silent;
    this.times = times;
  }

  /** Feel it as long as this takes. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.waiting += 1;
    this.later();
    try {
      return await work;
    } finally {
      this.waiting -= 1;
      if (this.waiting === 0) this.rest();
    }
  }

  private later(): void {
    this.timer ??= setTimeout(() => void this.feel(), this.times.everyMs);
  }

  private rest(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async feel(): Promise<void> {
    const answer = this.ask().catch(() => undefined);
    const { kind } = await within(answer, this.times.patienceMs);
    if (this.waiting === 0) return;
    if (kind === "late") return this.silent();
    this.rest();
    this.later();
  }
}
