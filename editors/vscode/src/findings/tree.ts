// The tree of findings in the side bar.
import * as vscode from "vscode";
import type { Finding, Severity } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { type Group, group, type Grouping, GROUPINGS, isBelow, shown } from "./model.ts";

export interface FindingNode {
  readonly kind: "finding";
  readonly finding: Finding;
}
export type Node = Group | FindingNode;

const ICONS: Record<Severity, string> = { critical: "error", high: "error", medium: "warning", low: "info" };

export class FindingsTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private findings: readonly Finding[] = [];
  private known = false;
  private grouping: Grouping = "file";
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly disposables: vscode.Disposable[];
  private readonly server: Server;
  readonly onDidChangeTreeData = this.changed.event;

  constructor(server: Server) {
    this.server = server;
    this.disposables = [this.changed];
  }

  get count(): number {
    return shown(this.findings).length;
  }

  /** The view, which says by what its findings are grouped. */
  view(): vscode.TreeView<Node> {
    const view = vscode.window.createTreeView("maestro.findings", { treeDataProvider: this, showCollapseAll: true });
    const describe = (): void => void (view.description = this.count > 0 ? byWhat(this.grouping) : "");
    this.disposables.push(this.onDidChangeTreeData(describe));
    return view;
  }

  async refresh(): Promise<void> {
    this.findings = (await this.server.request("maestro/finding/list", {})).findings;
    this.known = true;
    this.changed.fire(undefined);
  }

  /** Ask again, if a server was there to ask; none is started for this. */
  async renew(): Promise<void> {
    if (this.known) await this.refresh().catch(() => undefined);
  }

  /** Whether it has findings of this file, or of one in this folder. */
  isAbout(uri: vscode.Uri): boolean {
    return this.findings.some((finding) => isBelow(vscode.Uri.parse(finding.uri).path, uri.path));
  }

  clear(): void {
    this.known = false;
    this.findings = [];
    this.changed.fire(undefined);
  }

  groupByNext(): void {
    this.grouping = GROUPINGS[(GROUPINGS.indexOf(this.grouping) + 1) % GROUPINGS.length] ?? "file";
    this.changed.fire(undefined);
  }

  getChildren(node?: Node): Node[] {
    if (!node) return group(this.findings, this.grouping, nameOf);
    return node.kind === "group" ? node.findings.map((finding) => ({ kind: "finding" as const, finding })) : [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.kind === "group" ? groupItem(node) : findingItem(node.finding);
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }
}

/** With the folder's name, where several are open. */
function nameOf({ uri }: Finding): string {
  return vscode.workspace.asRelativePath(vscode.Uri.parse(uri));
}

function byWhat(grouping: Grouping): string {
  const { t } = vscode.l10n;
  const words: Record<Grouping, string> = { file: t("by file"), rule: t("by rule"), intent: t("by intent") };
  return words[grouping];
}

function groupItem({ key, label, findings }: Group): vscode.TreeItem {
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
  item.id = key;
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
