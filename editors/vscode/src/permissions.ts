// Questions for permission: asked by the server, shown by whoever can, answered once.
import * as vscode from "vscode";
import type { PermissionRequestParams, PermissionRequestResult } from "./protocol.ts";
import type { Server } from "./rpc.ts";

interface Open {
  readonly request: PermissionRequestParams;
  readonly settle: (answer: PermissionRequestResult) => void;
}

export class Permissions implements vscode.Disposable {
  private readonly open = new Map<string, Open>();
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[];
  readonly onDidChange = this.changed.event;

  /** `isShown` says whether a view shows the questions of this chat; else they are asked in a notification. */
  constructor(server: Server, isShown: (chatId: string | undefined) => boolean) {
    this.disposables = [
      this.changed,
      server.answer("maestro/permission/request", (request, token) => {
        const answer = this.ask(request, token);
        if (!isShown(request.chatId)) void this.notify(request);
        return answer;
      }),
      server.on("maestro/permission/resolved", ({ requestId }) => this.settle(requestId, { outcome: "cancelled" })),
    ];
  }

  get pending(): PermissionRequestParams[] {
    return [...this.open.values()].map(({ request }) => request);
  }

  /** Answer a question; one that is settled already stays as it is. */
  choose(requestId: string, optionId: string): void {
    this.settle(requestId, { optionId });
  }

  dispose(): void {
    for (const requestId of [...this.open.keys()]) this.settle(requestId, { outcome: "cancelled" });
    for (const disposable of this.disposables) disposable.dispose();
  }

  private ask(request: PermissionRequestParams, token: vscode.CancellationToken): Promise<PermissionRequestResult> {
    return new Promise((settle) => {
      this.open.set(request.requestId, { request, settle });
      token.onCancellationRequested(() => this.settle(request.requestId, { outcome: "cancelled" }));
      this.changed.fire();
    });
  }

  private settle(requestId: string, answer: PermissionRequestResult): void {
    const open = this.open.get(requestId);
    if (!open) return;
    this.open.delete(requestId);
    open.settle(answer);
    this.changed.fire();
  }

  private async notify(request: PermissionRequestParams): Promise<void> {
    const names = request.options.map((option) => option.name);
    const reasons = request.risk.assessments.map(({ reason }) => reason).join(" ");
    const message = vscode.l10n.t("{0} ({1} risk) {2}", request.summary, request.risk.level, reasons).trim();
    const chosen = await vscode.window.showWarningMessage(message, ...names);
    const option = request.options.find(({ name }) => name === chosen);
    if (option) this.choose(request.requestId, option.optionId);
  }
}
