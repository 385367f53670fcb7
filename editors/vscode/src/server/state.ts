// What the extension knows of its server.
import type { ServerHello } from "../protocol.ts";
import type { Candidate } from "./discovery.ts";

export interface Running {
  readonly kind: "running";
  readonly command: readonly string[];
  readonly version: string;
  readonly hello: ServerHello;
}

/** Why a program does not serve; `setting` where what was set is no program. */
export type Fault = "setting" | "notFound" | "foreign" | "ended" | "silent";

/** Why there is no server, and until somebody does something there will be none; `report` has all that is known. */
export type Failure = { readonly report: string } & (
  | { readonly kind: "noServer" | "crashed" }
  | { readonly kind: "incompatible"; readonly origin: Candidate["origin"] }
  | { readonly kind: "failed"; readonly origin: Candidate["origin"]; readonly program: string; readonly fault: Fault }
);

export type State = { readonly kind: "stopped" | "starting" } | Running | Failure;

export function isFailure(state: State): state is Failure {
  return state.kind !== "stopped" && state.kind !== "starting" && state.kind !== "running";
}
