// Audits, and what can be done with what they found.
import * as vscode from "vscode";
import { Advised } from "../errors.ts";
import type { AuditStatus, AuditTarget } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { reached } from "../support/walkthrough.ts";
import type { FindingsTree, Node } from "./tree.ts";

export function findingCommands(server: Server, tree: FindingsTree): Record<string, (node?: Node | vscode.Uri) => Promise<void>> {
  const run = (target: AuditTarget | undefined): Promise<void> => (target ? audit(server, tree, target) : noTarget());
  return {
    auditFile: (uri) => run(fileTarget(uri)),
    auditWorkspace: async () => run(await folderTarget()),
    auditChanges: async () => run(await changesTarget()),
    clearFindings: async () => {
      await server.request("maestro/audit/clear", {});
      await tree.refresh();
    },
    refreshFindings: () => tree.refresh(),
    groupFindings: async () => tree.groupByNext(),
    explainFinding: async (node) => void (await withFinding(node, (id) => explain(id))),
    dismissFinding: (node) =>
      withFinding(node, async (findingId) => {
        const reason = await vscode.window.showInputBox({ prompt: vscode.l10n.t("Why is it wrong or unwanted?") });
        if (reason === undefined) return;
        await server.request("maestro/finding/dismiss", { findingId, ...(reason ? { reason } : {}) });
        await tree.refresh();
      }),
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
  const told = outcome(result.status, result.findings.length);
  if (result.status === "complete" || result.status === "skipped") void vscode.window.showInformationMessage(told);
  else void vscode.window.showWarningMessage([told, result.error?.message].filter(Boolean).join(" "));
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

function fileTarget(uri: Node | vscode.Uri | undefined): AuditTarget | undefined {
  const chosen = uri instanceof vscode.Uri ? uri : vscode.window.activeTextEditor?.document.uri;
  return chosen && { uri: chosen.toString() };
}

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
  const folders = vscode.workspace.workspaceFolders ?? [];
  const chosen = folders.length > 1 ? await vscode.window.showWorkspaceFolderPick() : folders[0];
  return chosen?.uri.toString();
}

async function noTarget(): Promise<void> {
  await vscode.window.showInformationMessage(vscode.l10n.t("There is no file or folder to audit."));
}

async function withFinding(node: Node | vscode.Uri | undefined, work: (id: string) => Promise<void>): Promise<void> {
  if (node && "kind" in node && node.kind === "finding") await work(node.finding.id);
}

async function explain(findingId: string): Promise<void> {
  await vscode.commands.executeCommand("maestro.finding.explain", findingId);
}
