// Work that runs once at a time: whoever asks for it meanwhile waits for the same.

export class Single {
  private running: Promise<void> | undefined;

  run(work: () => Promise<void>): Promise<void> {
    if (this.running) return this.running;
    const mine: Promise<void> = work().finally(() => {
      if (this.running === mine) this.running = undefined;
    });
    this.running = mine;
    return mine;
  }

  /** What runs is of no use any more; the next one does not wait for it. */
  forget(): void {
    this.running = undefined;
  }
}
