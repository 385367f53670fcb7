// Where settings are set.
import * as vscode from "vscode";

const PROGRAM = "maestro.server.command";

/** The program is a matter of the machine: with a remote one it is set there, and the user's page does not show it. */
export function chooseProgram(): Thenable<unknown> {
  if (vscode.env.remoteName === undefined) return vscode.commands.executeCommand("workbench.action.openSettings", PROGRAM);
  return vscode.commands.executeCommand("workbench.action.openRemoteSettings", { query: PROGRAM });
}
