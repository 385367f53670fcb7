// Gathers what the status items show.
import * as vscode from "vscode";
import type { ChatPanel } from "../chat/panel.ts";
import type { Permissions } from "../permissions.ts";
import type { Status } from "../protocol.ts";
import type { Lifecycle } from "../server/lifecycle.ts";
import { current } from "../sessions/model.ts";
import { folders, type SessionsTree } from "../sessions/tree.ts";
import type { StatusItems } from "./items.ts";

export class Overview implements vscode.Disposable {
  private status: Status | undefined;
  private chatOpen: boolean | undefined;
  private readonly disposables: vscode.Disposable[];
  private readonly server: Lifecycle;
  private readonly items: StatusItems;
  private readonly sessions: SessionsTree;
  private readonly chat: ChatPanel;
  private readonly permissions: Permissions;

  constructor(server: Lifecycle, items: StatusItems, sessions: SessionsTree, chat: ChatPanel, permissions: Permissions) {
    this.server = server;
    this.items = items;
    this.sessions = sessions;
    this.chat = chat;
    this.permissions = permissions;
    this.disposables = [
      items,
      server.onDidChangeState(() => this.ask()),
      server.on("maestro/status/didChange", (status) => this.take(status)),
      sessions.onDidChangeTreeData(() => this.show()),
      chat.onDidChange(() => this.show()),
      permissions.onDidChange(() => this.show()),
    ];
    this.show();
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private ask(): void {
    this.status = undefined;
    this.show();
    if (this.server.state.kind !== "running") return;
    this.server.request("maestro/status", {}).then((status) => this.take(status), () => undefined);
  }

  private take(status: Status): void {
    this.status = status;
    this.show();
  }

  /** Which commands there is something to do for. */
  private tellMenus(chatOpen: boolean): void {
    if (this.chatOpen === chatOpen) return;
    this.chatOpen = chatOpen;
    void vscode.commands.executeCommand("setContext", "maestro.chatOpen", chatOpen);
  }

  private show(): void {
    const { chat } = this.chat.conversation;
    const { model } = this.chat;
    const { sessions } = this.sessions;
    const own = chat?.sessionId ? sessions.find(({ id }) => id === chat.sessionId) : undefined;
    const session = own ?? current(sessions, model?.split("/")[0], folders());
    this.tellMenus(chat !== undefined);
    this.items.show({
      server: this.server.state.kind,
      ...(this.status ? { status: this.status } : {}),
      ...(session ? { session: session.name } : {}),
      ...(model ? { model } : {}),
      ...(chat?.cost ? { cost: chat.cost } : {}),
      waiting: this.permissions.unseen,
    });
  }
}
