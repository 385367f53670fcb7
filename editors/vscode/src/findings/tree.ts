// The tree of findings in the side bar.
import * as vscode from "vscode";
import type { Finding, Severity } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { type Group, group, type Grouping, GROUPINGS } from "./model.ts";

export interface FindingNode {
  readonly kind: "finding";
  readonly finding: Finding;
}
export type Node = Group | FindingNode;

const ICONS: Record<Severity, string> = { critical: "error", high: "error", medium: "warning", low: "info" };

export class FindingsTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private findings: readonly Finding[] = [];
  private grouping: Grouping = "file";
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly disposables: vscode.Disposable[];
  private readonly server: Server;
  readonly onDidChangeTreeData = this.changed.event;

  /** Findings come as diagnostics first; whenever those change, the tree asks what is behind them. */
  constructor(server: Server) {
    this.server = server;
    this.disposables = [this.changed];
  }

  get count(): number {
    return group(this.findings, "file").reduce((sum, { findings }) => sum + findings.length, 0);
  }

  async refresh(): Promise<void> {
    this.findings = (await this.server.request("maestro/finding/list", {})).findings;
    this.changed.fire(undefined);
  }

  clear(): void {
    this.findings = [];
    this.changed.fire(undefined);
  }

  groupByNext(): void {
    this.grouping = GROUPINGS[(GROUPINGS.indexOf(this.grouping) + 1) % GROUPINGS.length] ?? "file";
    this.changed.fire(undefined);
  }

  getChildren(node?: Node): Node[] {
    if (!node) return group(this.findings, this.grouping);
    return node.kind === "group" ? node.findings.map((finding) => ({ kind: "finding" as const, finding })) : [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.kind === "group" ? groupItem(node) : findingItem(node.finding);
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }
}

function groupItem({ label, findings }: Group): vscode.TreeItem {
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
  item.description = String(findings.length);
  return item;
}

function findingItem(finding: Finding): vscode.TreeItem {
  const item = new vscode.TreeItem(finding.title);
  const line = finding.range && String(finding.range.start.line + 1);
  item.description = [line, finding.rule].filter(Boolean).join(" · ");
  item.tooltip = finding.message;
  item.contextValue = "finding";
  item.iconPath = new vscode.ThemeIcon(ICONS[finding.severity]);
  item.accessibilityInformation = { label: `${finding.severity}: ${finding.title}, ${item.description}` };
  if (finding.range) item.command = reveal(finding.uri, finding.range);
  return item;
}

function reveal(uri: string, { start, end }: NonNullable<Finding["range"]>): vscode.Command {
  const selection = new vscode.Range(start.line, start.character, end.line, end.character);
  return { title: vscode.l10n.t("Open"), command: "vscode.open", arguments: [vscode.Uri.parse(uri), { selection }] };
}
