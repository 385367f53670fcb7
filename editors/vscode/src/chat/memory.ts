// What a window remembers of its chats: which is shown, what was being written, and the model of those that begin.
import type { Memento } from "vscode";
import type { Draft } from "./drafts.ts";

interface Remembered {
  readonly openedChat: string;
  readonly model: string;
  /** By the ids of their chats. */
  readonly drafts: readonly (readonly [string, Draft])[];
}

export class Memory {
  private readonly state: Memento;

  constructor(state: Memento) {
    this.state = state;
  }

  get<N extends keyof Remembered>(name: N): Remembered[N] | undefined {
    return this.state.get(`maestro.${name}`);
  }

  async set<N extends keyof Remembered>(name: N, value: Remembered[N] | undefined): Promise<void> {
    if (value !== this.get(name)) await this.state.update(`maestro.${name}`, value);
  }
}
