// The doctor's page, and what is copied for a report. Neither has secrets: the server's answers have none.
import * as vscode from "vscode";
import type { Check } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import type { State } from "../server/state.ts";

/** The checks as Markdown, what is wrong first. */
export function page(checks: readonly Check[]): string {
  const wrong = checks.filter(({ ok }) => !ok);
  const right = checks.filter(({ ok }) => ok);
  const rows = [...wrong, ...right].map(({ ok, label, cause, fix }) =>
    [`- ${ok ? "✓" : "✗"} ${label}`, cause && `  - ${cause}`, fix && `  - **${fix}**`].filter(Boolean).join("\n"),
  );
  return `# Maestro: doctor\n\n${rows.join("\n")}\n`;
}

/** Show what the doctor says; without a server, what is known of that. */
export async function runDoctor(server: Server, state: State): Promise<void> {
  const content = state.kind === "running" ? page((await server.request("maestro/doctor", { network: true })).checks) : about(state);
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content, language: "markdown" }));
}

/** Versions, the state of the server, and the doctor's words, on the clipboard. */
export async function copyDebugInfo(server: Server, state: State, extensionVersion: string): Promise<void> {
  const doctor = state.kind === "running" ? page((await server.request("maestro/doctor", {})).checks) : "";
  const head = [`Extension ${extensionVersion}`, `VS Code ${vscode.version}`, `${process.platform} ${process.arch}`].join(", ");
  await vscode.env.clipboard.writeText([head, about(state), doctor].filter(Boolean).join("\n\n"));
  void vscode.window.showInformationMessage(vscode.l10n.t("Copied."));
}

function about(state: State): string {
  if (state.kind === "running") return `Server ${state.version}: ${state.command.join(" ")}`;
  if (state.kind === "crashed") return state.report;
  return state.kind === "failed" ? state.message : `Server: ${state.kind}`;
}
