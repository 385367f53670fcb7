// The first message makes a chat; those said meanwhile wait until it has, or has failed to.

export class Beginning {
  private waiting: Promise<void> | undefined;
  private end: () => void = () => undefined;

  /** Wait for one's turn; `begun` says whether there is a chat already. Whoever finds none begins it, until `done`. */
  async turn(begun: () => boolean): Promise<void> {
    while (!begun() && this.waiting) await this.waiting;
    if (!begun()) this.waiting = new Promise((resolve) => (this.end = resolve));
  }

  done(): void {
    this.waiting = undefined;
    this.end();
  }
}
