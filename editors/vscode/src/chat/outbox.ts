// The words of one chat that are on their way: being answered, waiting for their turn, or come back unsaid.
import type { CancellationTokenSource } from "vscode";
import type { Draft } from "./drafts.ts";

/** `number` says in which order words were sent. */
interface Words {
  readonly number: number;
  readonly draft: Draft;
}

export interface Sending extends Words {
  readonly cancel: CancellationTokenSource;
  /** Their turn has begun. */
  said: boolean;
}

export class Outbox {
  private readonly sending = new Set<Sending>();
  private unsaid: Words[] = [];
  private numbers = 0;
  private readonly canceller: () => CancellationTokenSource;
  private readonly changed: () => void;

  /** `changed` hears that what is unspoken is other than before. */
  constructor(canceller: () => CancellationTokenSource, changed: () => void) {
    this.canceller = canceller;
    this.changed = changed;
  }

  get busy(): boolean {
    return this.sending.size > 0;
  }

  get empty(): boolean {
    return this.sending.size === 0 && this.unsaid.length === 0;
  }

  /** What was sent, and has no turn yet. */
  get unheard(): readonly Sending[] {
    return [...this.sending].filter(({ said }) => !said);
  }

  /** What was sent or came back, and is not known to be said. */
  get unspoken(): readonly Draft[] {
    return ordered([...this.unsaid, ...this.unheard]);
  }

  begin(draft: Draft): Sending {
    const sending = { number: this.next(), draft, cancel: this.canceller(), said: false };
    this.sending.add(sending);
    this.changed();
    return sending;
  }

  said(sending: Sending): void {
    sending.said = true;
    this.changed();
  }

  end(sending: Sending): void {
    this.sending.delete(sending);
    sending.cancel.dispose();
    this.changed();
  }

  stop(): void {
    for (const { cancel } of this.sending) cancel.cancel();
  }

  /** It was not said; false while others that were stopped are still to come back. */
  cameBack(sending: Sending): boolean {
    this.sending.delete(sending);
    this.unsaid.push(sending);
    return !this.unheard.some(({ cancel }) => cancel.token.isCancellationRequested);
  }

  giveBack(draft: Draft): void {
    this.unsaid.push({ number: this.next(), draft });
    this.changed();
  }

  takeUnsaid(): Draft[] {
    const drafts = ordered(this.unsaid);
    this.unsaid = [];
    this.changed();
    return drafts;
  }

  private next(): number {
    this.numbers += 1;
    return this.numbers;
  }
}

function ordered(words: readonly Words[]): Draft[] {
  return words.toSorted((one, other) => one.number - other.number).map(({ draft }) => draft);
}
