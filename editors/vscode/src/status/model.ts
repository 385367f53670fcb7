// What the status bar says.
import type { Cost, Status } from "../protocol.ts";
import type { State } from "../server/state.ts";

export interface Shown {
  readonly server: State["kind"];
  readonly status?: Status;
  readonly session?: string;
  readonly model?: string;
  readonly cost?: Cost;
  /** Questions for permission that no view shows. */
  readonly waiting?: number;
}

/** Session, model and cost, as far as they are known, behind a sign of how things are. */
export function line(shown: Shown): string {
  const told = [shown.session, shown.model?.split("/").at(-1), shown.cost && `$${shortly(shown.cost.amount)}`];
  return [`$(${icon(shown)})`, told.filter(Boolean).join(" · ") || "Maestro"].join(" ");
}

/** Whether somebody should look. */
export function severity(shown: Shown): "error" | "warning" | undefined {
  const { server, status } = shown;
  if (server === "crashed" || server === "failed" || server === "noServer" || server === "incompatible") return "error";
  if (status?.state !== "error" && shown.waiting) return "warning";
  return status?.state === "error" || status?.state === "warning" ? status.state : undefined;
}

function icon(shown: Shown): string {
  if (shown.waiting) return "bell-dot";
  if (shown.server === "starting" || shown.status?.state === "busy") return "loading~spin";
  return severity(shown) ?? "comment-discussion";
}

/** A cent is told as a cent, and less than that with two digits that say something. */
function shortly(amount: string): string {
  const value = Number(amount);
  return value === 0 || value >= 0.01 ? value.toFixed(2) : String(Number(value.toPrecision(2)));
}
