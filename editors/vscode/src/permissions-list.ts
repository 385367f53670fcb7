// What was allowed for more than one call, to be taken back.
import * as vscode from "vscode";
import type { Grant } from "./protocol.ts";
import type { Server } from "./rpc.ts";

export async function showPermissions(server: Server): Promise<void> {
  const { grants } = await server.request("maestro/permission/list", {});
  if (grants.length === 0) {
    await vscode.window.showInformationMessage(vscode.l10n.t("Nothing is allowed for more than one call."));
    return;
  }
  const items = grants.map((grant) => ({ label: grant.tool, description: grant.scope, detail: matched(grant), grant }));
  const placeHolder = vscode.l10n.t("Take back which permissions?");
  const chosen = await vscode.window.showQuickPick(items, { placeHolder, canPickMany: true });
  for (const { grant } of chosen ?? []) await server.request("maestro/permission/revoke", { grantId: grant.grantId });
}

function matched({ match }: Grant): string {
  return Object.entries(match)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}
