// The tree of sessions in the side bar.
import * as vscode from "vscode";
import type { Session, SessionStatus } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { reached } from "../support/walkthrough.ts";
import { contextValue, type Node, type ProviderNode, type SessionNode, tree } from "./model.ts";

const ICONS: Record<SessionStatus, string> = {
  active: "pass",
  expiring: "watch",
  expired: "error",
  revoked: "error",
  unverified: "question",
  needsLogin: "warning",
};

export class SessionsTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private roots: readonly ProviderNode[] = [];
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly disposables: vscode.Disposable[];
  private readonly server: Server;
  readonly onDidChangeTreeData = this.changed.event;
  sessions: readonly Session[] = [];

  constructor(server: Server) {
    this.server = server;
    this.disposables = [this.changed, server.on("maestro/session/didChange", () => void this.refresh())];
  }

  /** Ask the server anew. */
  async refresh(): Promise<void> {
    const [{ providers }, { sessions }] = await Promise.all([
      this.server.request("maestro/provider/list", {}),
      this.server.request("maestro/session/list", {}),
    ]);
    this.sessions = sessions;
    this.roots = tree(providers, sessions, folder());
    if (sessions.length > 0) await reached("session");
    this.changed.fire(undefined);
  }

  /** Nothing is known while no server runs. */
  clear(): void {
    this.sessions = [];
    this.roots = [];
    this.changed.fire(undefined);
  }

  getChildren(node?: Node): Node[] {
    if (!node) return [...this.roots];
    return node.kind === "provider" ? [...node.sessions] : [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.kind === "provider" ? providerItem(node) : sessionItem(node);
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }
}

/** The URI of the folder that sessions are bound to. */
export function folder(): string | undefined {
  return vscode.workspace.workspaceFolders?.[0]?.uri.toString();
}

function providerItem({ provider }: ProviderNode): vscode.TreeItem {
  const item = new vscode.TreeItem(provider.label, vscode.TreeItemCollapsibleState.Expanded);
  item.id = provider.id;
  item.contextValue = "provider";
  if (provider.default) item.description = vscode.l10n.t("default");
  return item;
}

function sessionItem(node: SessionNode): vscode.TreeItem {
  const { session } = node;
  const item = new vscode.TreeItem(session.name);
  item.id = session.id;
  item.contextValue = contextValue(node);
  item.iconPath = new vscode.ThemeIcon(ICONS[session.status]);
  item.description = description(node);
  item.tooltip = [session.problem, session.identity?.email, session.identity?.plan].filter(Boolean).join("\n");
  item.accessibilityInformation = { label: `${session.name}, ${item.description}` };
  return item;
}

function description({ session, bound }: SessionNode): string {
  const { t } = vscode.l10n;
  const how = session.authType === "oauth" ? t("signed in") : session.keyHint ? t("key …{0}", session.keyHint) : t("key");
  const told = [
    how,
    session.status === "active" ? undefined : session.status,
    session.expiresAt && session.status === "expiring" ? new Date(session.expiresAt).toLocaleString() : undefined,
    session.isDefault ? t("default") : undefined,
    bound ? t("this workspace") : undefined,
  ];
  return told.filter(Boolean).join(" · ");
}
