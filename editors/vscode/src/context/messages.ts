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

export interface ToContext {
  readonly state: ContextState;
}

export type FromContext =
  | { readonly type: "ready" }
  | { readonly type: "add" }
  | { readonly type: "act"; readonly action: Action; readonly id: string };
