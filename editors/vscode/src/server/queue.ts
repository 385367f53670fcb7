// Work that must not overlap: one piece after the other, and a piece that waits already is not added again.

export class Queue {
  private tail: Promise<unknown> = Promise.resolve();
  private readonly waiting = new Map<string, Promise<void>>();

  /** Do it when all before is done; the same promise for what waits under this name. */
  add(name: string, work: () => Promise<void>): Promise<void> {
    const same = this.waiting.get(name);
    if (same) return same;
    const begin = async (): Promise<void> => {
      this.waiting.delete(name);
      await work();
    };
    const done = this.tail.then(begin, begin);
    this.waiting.set(name, done);
    this.tail = done.catch(() => undefined);
    return done;
  }
}
