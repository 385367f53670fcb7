// What the context view and the extension say to each other.
import type { Chunk, ContextBudget, ContextTotal } from "../protocol.ts";

export type Action = "open" | "delete" | "pin" | "undo" | "refresh";

export interface Row {
  readonly chunk: Chunk;
  readonly deleted: boolean;
}

export interface ContextState {
  readonly rows: readonly Row[];
  readonly total: ContextTotal;
  readonly budget?: ContextBudget;
}

/** Without a state nothing is known, for the reason that is advised about. */
export interface ToContext {
  readonly state?: ContextState;
  readonly advice?: { readonly message: string; readonly button?: string };
}

export type FromContext =
  | { readonly type: "ready" }
  | { readonly type: "add" | "advice" }
  | { readonly type: "act"; readonly action: Action; readonly id: string };
