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
  /** Whether the server has told which there are. */
  known = false;

  /** Sessions of other windows are heard of by nobody here; whoever comes back to this one may have made some. */
  constructor(server: Server) {
    this.server = server;
    this.disposables = [
      this.changed,
      server.on("maestro/session/didChange", () => this.renew()),
      vscode.window.onDidChangeWindowState(({ focused }) => focused && this.renew()),
    ];
  }

  /** Ask again, if a server was there to ask; none is started for this. */
  renew(): void {
    if (this.known) void this.refresh().catch(() => undefined);
  }

  /** Ask the server anew. */
  async refresh(): Promise<void> {
    const [{ providers }, { sessions }] = await Promise.all([
      this.server.request("maestro/provider/list", {}),
      this.server.request("maestro/session/list", {}),
    ]);
    this.sessions = sessions;
    this.roots = tree(providers, sessions, folders());
    this.learn(true);
    if (sessions.length > 0) await reached("session");
    this.changed.fire(undefined);
  }

  /** Nothing is known while no server runs. */
  clear(): void {
    this.sessions = [];
    this.roots = [];
    this.learn(false);
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

  /** That nobody is signed in is said only once it is known. */
  private learn(known: boolean): void {
    this.known = known;
    void vscode.commands.executeCommand("setContext", "maestro.sessionsKnown", known);
  }
}

/** The URIs of the folders that sessions are bound to: all, for folders open together have one session of a provider. */
export function folders(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.toString());
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
  item.tooltip = tooltip(session);
  item.accessibilityInformation = { label: `${session.name}, ${item.description}` };
  return item;
}

function tooltip({ problem, identity, expiresAt }: Session): string {
  const expiry = expiresAt && vscode.l10n.t("Expires: {0}", new Date(expiresAt).toLocaleString());
  return [problem, identity?.email, identity?.plan, expiry].filter(Boolean).join("\n");
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
