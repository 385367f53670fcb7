// The messages said before, gone through from the last one back.

export class Recall {
  /** How many messages back; none for what is being written. */
  private back = 0;

  /** The message before the one that was recalled last, of these. */
  earlier(said: readonly string[]): string | undefined {
    if (this.back >= said.length) return undefined;
    this.back += 1;
    return said.at(-this.back);
  }

  /** The one after it; after the last one comes the empty field. */
  later(said: readonly string[]): string | undefined {
    if (this.back === 0) return undefined;
    this.back -= 1;
    return this.back === 0 ? "" : said.at(-this.back);
  }

  /** Whether what the field holds was recalled. */
  get recalling(): boolean {
    return this.back > 0;
  }

  /** Something was written: the next one recalled is the last again. */
  end(): void {
    this.back = 0;
  }
}
