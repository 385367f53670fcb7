// The order of what can be done about a finding.
import type * as vscode from "vscode";

type Action = vscode.Command | (vscode.CodeAction & { isAI?: boolean });

/** The editor puts what a model wrote behind everything else; of a finding the fix is what one looks for first. */
export function fixesFirst<Given extends Action>(actions: readonly Given[]): Given[] {
  for (const action of actions) if ("isAI" in action) delete action.isAI;
  return [...actions];
}
