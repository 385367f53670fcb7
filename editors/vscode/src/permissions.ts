// Questions for permission: asked by the server, shown by whoever can, answered once.
import * as vscode from "vscode";
import { words } from "./chat/words.ts";
import type { PermissionRequestParams, PermissionRequestResult } from "./protocol.ts";
import type { Server } from "./rpc.ts";
import { ask } from "./support/toast.ts";
import { fill, shortened } from "./text.ts";

/** Characters; a notification has little room. */
const MOST_OF_EACH = 80;

interface Open {
  readonly request: PermissionRequestParams;
  readonly settle: (answer: PermissionRequestResult) => void;
  readonly settled: Promise<PermissionRequestResult>;
  /** Takes the notification away that asks it, if there is one. */
  withdraw?: () => void;
}

/** Who shows the questions of a chat, and says when others are shown. */
export interface Screen {
  readonly onDidChangeShown: vscode.Event<void>;
  shows(chatId: string | undefined): boolean;
}

export class Permissions implements vscode.Disposable {
  private readonly open = new Map<string, Open>();
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[];
  private readonly screen: Screen;
  readonly onDidChange = this.changed.event;

  /** What the screen does not show is asked in a notification. */
  constructor(server: Server, screen: Screen) {
    this.screen = screen;
    this.disposables = [
      this.changed,
      server.answer("maestro/permission/request", (request, token) => this.ask(request, token)),
      server.on("maestro/permission/resolved", ({ requestId }) => this.settle(requestId, { outcome: "cancelled" })),
      screen.onDidChangeShown(() => this.notifyOfUnseen()),
    ];
  }

  get pending(): PermissionRequestParams[] {
    return [...this.open.values()].map(({ request }) => request);
  }

  /** How many nobody sees but in a notification, which may be closed without an answer. */
  get unseen(): number {
    return this.hidden().length;
  }

  /** Ask those again, each in a new notification. */
  askAgain(): void {
    if (this.unseen === 0) return void vscode.window.showInformationMessage(vscode.l10n.t("Nothing waits for your permission."));
    for (const open of this.hidden()) this.notify(open);
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
    let settle: Open["settle"] = () => undefined;
    const settled = new Promise<PermissionRequestResult>((resolve) => (settle = resolve));
    this.open.set(request.requestId, { request, settle, settled });
    token.onCancellationRequested(() => this.settle(request.requestId, { outcome: "cancelled" }));
    this.notifyOfUnseen();
    return settled;
  }

  private settle(requestId: string, answer: PermissionRequestResult): void {
    const open = this.open.get(requestId);
    if (!open) return;
    this.open.delete(requestId);
    open.settle(answer);
    this.changed.fire();
  }

  private hidden(): Open[] {
    return [...this.open.values()].filter(({ request }) => !this.screen.shows(request.chatId));
  }

  private notifyOfUnseen(): void {
    for (const open of this.hidden()) if (!open.withdraw) this.notify(open);
    this.changed.fire();
  }

  private notify(open: Open): void {
    open.withdraw?.();
    const withdrawn = new Promise<void>((resolve) => (open.withdraw = resolve));
    void this.askFor(open, withdrawn);
  }

  private async askFor({ request, settled }: Open, withdrawn: Promise<void>): Promise<void> {
    const allowing = request.options.filter(({ effect }) => effect === "allow");
    const options = [...allowing, ...request.options.filter(({ effect }) => effect === "deny")];
    const chosen = await ask(Promise.race([settled, withdrawn]), told(request), options.map(({ name }) => name));
    const option = chosen === undefined ? undefined : options[chosen];
    if (option) this.choose(request.requestId, option.optionId);
  }
}

/** Everything one needs to decide, the risk before what a model may have made long. */
function told({ summary, intent, risk }: PermissionRequestParams): string {
  const t = words();
  const parts = [
    fill(t.risk, [t[risk.level]]),
    ...risk.assessments.map(({ reason }) => shortened(reason, MOST_OF_EACH)),
    intent && fill(t.purpose, [t[intent.purpose]]),
    intent && fill(t.scope, [shortened(intent.scope, MOST_OF_EACH)]),
  ];
  return [shortened(summary, 2 * MOST_OF_EACH), parts.filter(Boolean).join(" · ")].join(" — ");
}
