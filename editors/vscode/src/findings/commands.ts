// Audits, and what can be done with what they found.
import * as vscode from "vscode";
import { Advised } from "../errors.ts";
import type { AuditStatus, AuditTarget } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { reached } from "../support/walkthrough.ts";
import { inert } from "../text.ts";
import { hidingCommands, withFinding } from "./hiding.ts";
import { shown } from "./model.ts";
import type { FindingsTree } from "./tree.ts";

/** What is given depends on where a command is called from. */
type Run = (given?: unknown, all?: unknown) => Promise<void>;

export function findingCommands(server: Server, tree: FindingsTree): Record<string, Run> {
  const run = async (target: AuditTarget | undefined): Promise<void> => target && (await audit(server, tree, target));
  return {
    auditFile: async (uri) => run(fileTarget(uri)),
    auditResources: async (uri, all) => run(resourcesTarget(uri, all)),
    auditWorkspace: async () => run(await folderTarget()),
    auditChanges: async () => run(await changesTarget()),
    clearFindings: async () => {
      await server.request("maestro/audit/clear", {});
      await tree.refresh();
    },
    refreshFindings: () => tree.refresh(),
    groupFindings: async () => tree.groupByNext(),
    explainFinding: async (node) => void (await withFinding(node, (id) => explain(id))),
    ...hidingCommands(server, tree),
  };
}

async function audit(server: Server, tree: FindingsTree, target: AuditTarget): Promise<void> {
  if (!vscode.workspace.isTrusted) throw untrusted();
  const title = vscode.l10n.t("Maestro audits…");
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const result = await vscode.window.withProgress(options, (_progress, token) =>
    server.request("maestro/audit/run", { target }, token),
  );
  await reached("audit");
  await tree.refresh();
  const told = outcome(result.status, shown(result.findings).length);
  if (result.status === "complete" || result.status === "skipped") void vscode.window.showInformationMessage(told);
  else void vscode.window.showWarningMessage(inert([told, result.error?.message].filter(Boolean).join(" ")));
}

function untrusted(): Advised {
  const { t } = vscode.l10n;
  return new Advised(t("This folder is not trusted, so nothing in it is audited."), t("Manage Trust"), "workbench.trust.manage");
}

function outcome(status: AuditStatus, findings: number): string {
  const { t } = vscode.l10n;
  const words: Record<AuditStatus, string> = {
    complete: findings === 0 ? t("All was reviewed; nothing was found.") : t("All was reviewed; findings: {0}.", findings),
    partial: t("A part was not reviewed; findings: {0}.", findings),
    failed: t("Nothing was reviewed."),
    skipped: t("There was nothing to review."),
    cancelled: t("The audit was stopped."),
  };
  return words[status];
}

function fileTarget(given: unknown): AuditTarget {
  const uri = given instanceof vscode.Uri ? given : vscode.window.activeTextEditor?.document.uri;
  if (!uri) throw new Error(vscode.l10n.t("There is no file to audit: open one."));
  return { uri: uri.toString() };
}

/** What is chosen in the explorer, files and folders. */
function resourcesTarget(given: unknown, all: unknown): AuditTarget {
  const chosen = Array.isArray(all) ? all.filter((each) => each instanceof vscode.Uri) : [];
  return chosen.length > 0 ? { uris: chosen.map(String) } : fileTarget(given);
}

/** Absent if somebody gave up. */
async function folderTarget(): Promise<AuditTarget | undefined> {
  const chosen = await chooseFolder();
  return chosen === undefined ? undefined : { workspaceFolder: chosen };
}

async function changesTarget(): Promise<AuditTarget | undefined> {
  const workspaceFolder = await chooseFolder();
  if (workspaceFolder === undefined) return undefined;
  const prompt = vscode.l10n.t("Since which commit? `main...` is since this branch left main.");
  const diffBase = await vscode.window.showInputBox({ prompt, value: "HEAD" });
  return diffBase ? { workspaceFolder, diffBase } : undefined;
}

async function chooseFolder(): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) throw new Advised(t("There is no folder to audit."), t("Open Folder"), "vscode.openFolder");
  const chosen = folders.length > 1 ? await vscode.window.showWorkspaceFolderPick() : folders[0];
  return chosen?.uri.toString();
}

async function explain(findingId: string): Promise<void> {
  await vscode.commands.executeCommand("maestro.finding.explain", findingId);
}
