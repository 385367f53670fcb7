// The last lines of a stream, for reports.

export class Tail {
  private lines: string[] = [];
  private open = "";
  private readonly most: number;

  constructor(most = 60) {
    this.most = most;
  }

  /** Take in what arrived; lines may come in pieces. */
  add(text: string): void {
    const [first = "", ...rest] = text.split(/\r?\n/);
    const lines = [this.open + first, ...rest];
    this.open = lines.pop() ?? "";
    this.lines = [...this.lines, ...lines].slice(-this.most);
  }

  all(): string[] {
    return this.open ? [...this.lines, this.open] : [...this.lines];
  }
}
