// To keep findings from being shown, and to show them again.
import * as vscode from "vscode";
import { Advised } from "../errors.ts";
import type { Finding, FindingState } from "../protocol.ts";
import type { Params, Server } from "../rpc.ts";
import { tell } from "../support/commands.ts";
import { inert } from "../text.ts";
import type { FindingNode, FindingsTree } from "./tree.ts";

type Given = (node?: unknown) => Promise<void>;
type Scope = NonNullable<Params<"maestro/finding/suppress">["scope"]>;

/** What can be shown again; a comment that hides a finding is taken out of the code. */
const HIDDEN: readonly FindingState[] = ["dismissed", "baselined", "suppressed"];

export function hidingCommands(server: Server, tree: FindingsTree): Record<string, Given> {
  const hiding = (work: (findingId: string, reason: { reason?: string }) => Promise<unknown>): Given => (node) =>
    withFinding(node, (findingId) => hide(server, tree, findingId, (reason) => work(findingId, reason)));
  const suppress = (scope: Scope): Given =>
    hiding((findingId, reason) => server.request("maestro/finding/suppress", { findingId, scope, ...reason }));
  return {
    dismissFinding: hiding((findingId, reason) => server.request("maestro/finding/dismiss", { findingId, ...reason })),
    suppressFinding: suppress("line"),
    suppressFindingInFile: suppress("file"),
    suppressRule: suppress("rule"),
    baselineFinding: suppress("baseline"),
    restoreFinding: () => restore(server, tree),
  };
}

/** Do it with the finding of a node; a shortcut, or another extension, may give anything. */
export async function withFinding(node: unknown, work: (id: string) => Promise<void>): Promise<void> {
  const { kind, finding } = (node ?? {}) as Partial<FindingNode>;
  if (kind === "finding" && typeof finding?.id === "string") return work(finding.id);
  const { t } = vscode.l10n;
  throw new Advised(t("This is done with a finding, in its view."), t("Show Findings"), "maestro.findings.focus");
}

async function hide(
  server: Server,
  tree: FindingsTree,
  findingId: string,
  work: (reason: { reason?: string }) => Promise<unknown>,
): Promise<void> {
  const prompt = vscode.l10n.t("Why? It may stay empty.");
  const reason = await vscode.window.showInputBox({ prompt });
  if (reason === undefined) return;
  await work(reason ? { reason } : {});
  await tree.refresh();
  void offerUndo(() => restoreAll(server, tree, [findingId])).catch(tell);
}

/** What was hidden by mistake is shown again where somebody is looking. */
async function offerUndo(undo: () => Promise<void>): Promise<void> {
  const { t } = vscode.l10n;
  const button = t("Undo");
  if ((await vscode.window.showInformationMessage(t("The finding is not shown any more."), button)) === button) await undo();
}

async function restoreAll(server: Server, tree: FindingsTree, ids: readonly string[]): Promise<void> {
  for (const findingId of ids) await server.request("maestro/finding/restore", { findingId });
  await tree.refresh();
}

/** Let somebody choose among those that are hidden. */
async function restore(server: Server, tree: FindingsTree): Promise<void> {
  const lists = await Promise.all(HIDDEN.map((state) => server.request("maestro/finding/list", { state })));
  const items = lists.flatMap(({ findings }) => findings).map(itemOf);
  if (items.length === 0) return void vscode.window.showInformationMessage(vscode.l10n.t("No finding is hidden."));
  const placeHolder = vscode.l10n.t("Show which findings again?");
  const chosen = await vscode.window.showQuickPick(items, { placeHolder, canPickMany: true, matchOnDescription: true });
  await restoreAll(server, tree, (chosen ?? []).map(({ findingId }) => findingId));
}

function itemOf({ id, title, relPath, uri, state, reason }: Finding): vscode.QuickPickItem & { findingId: string } {
  return { label: inert(title), description: `${relPath ?? uri} · ${state}`, ...(reason ? { detail: inert(reason) } : {}), findingId: id };
}
