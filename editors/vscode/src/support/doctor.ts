// The doctor's page, and what is copied for a report. Neither has secrets: the server's answers have none.
import * as vscode from "vscode";
import { showText } from "../editor/texts.ts";
import type { Check, DoctorParams } from "../protocol.ts";
import { failure } from "../server/failure.ts";
import type { Lifecycle } from "../server/lifecycle.ts";
import { within } from "../server/patience.ts";
import { isFailure, type State } from "../server/state.ts";

/** How long a report waits for what the server says of itself. */
const DEADLINE_MS = 5000;

/** The checks as Markdown, what is wrong first. */
export function page(checks: readonly Check[]): string {
  const wrong = checks.filter(({ ok }) => !ok);
  const right = checks.filter(({ ok }) => ok);
  const rows = [...wrong, ...right].map(({ ok, label, cause, fix }) =>
    [`- ${ok ? "✓" : "✗"} ${label}`, cause && `  - ${cause}`, fix && `  - **${fix}**`].filter(Boolean).join("\n"),
  );
  return `# ${vscode.l10n.t("Maestro: doctor")}\n\n${rows.join("\n")}\n`;
}

/** Show what the doctor says; without a server, what is known of that. */
export async function runDoctor(server: Lifecycle): Promise<void> {
  const options = { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t("Maestro's doctor looks…"), cancellable: true };
  const content = await vscode.window.withProgress(options, (_progress, token) => examined(server, { network: true }, token));
  await showText("Maestro.md", `${content || about(server.state)}\n`);
}

/** Versions, the state of the server, and the doctor's words, on the clipboard. */
export async function copyDebugInfo(server: Lifecycle, extensionVersion: string): Promise<void> {
  const { t } = vscode.l10n;
  const came = await within(examined(server, {}), DEADLINE_MS);
  const doctor = came.kind === "done" ? came.value : t("Maestro's server does not answer.");
  const head = [t("Extension {0}", extensionVersion), `VS Code ${vscode.version}`, `${process.platform} ${process.arch}`].join(", ");
  await vscode.env.clipboard.writeText([head, about(server.state), doctor].filter(Boolean).join("\n\n"));
  void vscode.window.showInformationMessage(t("Copied."));
}

/** What the server says; nothing where none runs. */
async function examined(server: Lifecycle, params: DoctorParams, token?: vscode.CancellationToken): Promise<string> {
  return server.state.kind === "running" ? page((await server.request("maestro/doctor", params, token)).checks) : "";
}

function about(state: State): string {
  if (state.kind === "running") return vscode.l10n.t("Server {0}: {1}", state.version, state.command.join(" "));
  return [failure(state).message, isFailure(state) && state.report].filter(Boolean).join("\n\n");
}
