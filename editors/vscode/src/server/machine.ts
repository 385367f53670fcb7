// How the server's state follows from what happens, and what is to be done then. Pure; `lifecycle.ts` does it.
import { counted, mayRestart, pause } from "./crashes.ts";
import type { Failure, Running, State } from "./state.ts";

export interface Machine {
  readonly state: State;
  /** When the server ended by itself, as far as that still counts. */
  readonly crashes: readonly number[];
}

export type Happening =
  | { readonly kind: "wanted" | "restart" | "stop" }
  /** A start came to its end. */
  | { readonly kind: "tried"; readonly outcome: Running | Failure }
  /** The connection closed although nobody asked for that. */
  | { readonly kind: "closed" }
  /** The process of that connection is gone. */
  | { readonly kind: "buried"; readonly at: number; readonly report: string };

/** What is under way is given up for it; `nothing` leaves it. */
export type Todo =
  | { readonly kind: "nothing" | "stop" | "bury" }
  | { readonly kind: "start"; readonly afterMs: number };

export interface Step {
  readonly machine: Machine;
  readonly todo: Todo;
}

export const INITIAL: Machine = { state: { kind: "stopped" }, crashes: [] };

/** What does not fit the state changes nothing; a failure stays until somebody restarts. */
export function next(machine: Machine, happening: Happening): Step {
  const { state, crashes } = machine;
  switch (happening.kind) {
    case "wanted":
      return state.kind === "stopped" ? starting(crashes, 0) : stay(machine);
    case "restart":
      return starting([], 0);
    case "stop":
      return { machine: { state: { kind: "stopped" }, crashes }, todo: { kind: "stop" } };
    case "tried":
      return state.kind === "starting" ? stay({ state: happening.outcome, crashes }) : stay(machine);
    case "closed":
      return state.kind === "running" ? { machine: { state: { kind: "starting" }, crashes }, todo: { kind: "bury" } } : stay(machine);
    case "buried":
      return state.kind === "starting" ? buried(counted(crashes, happening.at), happening.report) : stay(machine);
  }
}

function buried(crashes: readonly number[], report: string): Step {
  if (mayRestart(crashes)) return starting(crashes, pause(crashes));
  return stay({ state: { kind: "crashed", report }, crashes });
}

function starting(crashes: readonly number[], afterMs: number): Step {
  return { machine: { state: { kind: "starting" }, crashes }, todo: { kind: "start", afterMs } };
}

function stay(machine: Machine): Step {
  return { machine, todo: { kind: "nothing" } };
}
