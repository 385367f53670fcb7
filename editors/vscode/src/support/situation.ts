// What keeps Maestro from working here, in one sentence, with what helps.
import * as vscode from "vscode";
import { action } from "../errors.ts";
import type { Command } from "../protocol.ts";
import { failure } from "../server/failure.ts";
import type { Lifecycle } from "../server/lifecycle.ts";
import type { SessionsTree } from "../sessions/tree.ts";

export interface Advice {
  readonly message: string;
  readonly command?: Command;
  /** Nothing can be listed until it is mended; something does not work; or one should only know. */
  readonly weight: "blocks" | "hinders" | "hint";
}

export class Situation implements vscode.Disposable {
  private unreachable = false;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[];
  private readonly server: Lifecycle;
  private readonly sessions: SessionsTree;
  readonly onDidChange = this.changed.event;

  constructor(server: Lifecycle, sessions: SessionsTree) {
    this.server = server;
    this.sessions = sessions;
    this.disposables = [
      this.changed,
      server.onDidChangeState(() => this.changed.fire()),
      sessions.onDidChangeTreeData(() => this.changed.fire()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.changed.fire()),
    ];
  }

  /** The worst of what is wrong; absent where nothing is. */
  get advice(): Advice | undefined {
    const { t } = vscode.l10n;
    const { state } = this.server;
    if (state.kind === "starting") return { message: t("Maestro is starting…"), weight: "blocks" };
    if (state.kind !== "running") {
      const error = failure(state);
      const command = action(error);
      return { message: error.message, ...(command ? { command } : {}), weight: "blocks" };
    }
    if (this.sessions.known && this.sessions.sessions.length === 0) {
      return { message: t("You are not signed in."), command: named(t("Sign In"), "maestro.signIn"), weight: "hinders" };
    }
    if (this.unreachable) {
      return { message: t("No provider can be reached."), command: named(t("Run Doctor"), "maestro.runDoctor"), weight: "hinders" };
    }
    if (vscode.workspace.isTrusted) return undefined;
    const message = t("This folder is not trusted, so no tool runs in it.");
    return { message, command: named(t("Manage Trust"), "workbench.trust.manage"), weight: "hint" };
  }

  /** Whether the last request could not reach its provider. */
  async offline(now: boolean): Promise<void> {
    if (now === this.unreachable) return;
    this.unreachable = now;
    this.changed.fire();
    await vscode.commands.executeCommand("setContext", "maestro.offline", now);
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }
}

function named(title: string, command: string): Command {
  return { title, command, arguments: [] };
}
