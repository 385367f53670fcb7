// The chat in the side bar as a whole: the conversation, its screen, questions for permission, attachments, model.
import * as vscode from "vscode";
import { action, isKind, sentence } from "../errors.ts";
import type { Chat, Command, InputPart, PermissionRequestParams } from "../protocol.ts";
import type { Permissions } from "../permissions.ts";
import type { Server } from "../rpc.ts";
import { reached } from "../support/walkthrough.ts";
import { Attachments } from "./attachments.ts";
import { applyCode, insertCode, openLink } from "./code.ts";
import { Conversation, type Screen } from "./conversation.ts";
import type { FromView } from "./messages.ts";
import { ChatScreen } from "./screen.ts";

const OPENED = "maestro.openedChat";
const MODEL = "maestro.model";

export class ChatPanel implements vscode.Disposable {
  readonly screen: ChatScreen;
  readonly conversation: Conversation;
  private readonly attachments = new Attachments(() => this.showAttachments());
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[] = [this.changed];
  private problem: { message: string; command?: Command } | undefined;
  private readonly context: vscode.ExtensionContext;
  private readonly server: Server;
  private permissions: Permissions | undefined;
  /** Another chat is shown, or its title, model or cost is another. */
  readonly onDidChange = this.changed.event;

  constructor(context: vscode.ExtensionContext, server: Server) {
    this.context = context;
    this.server = server;
    this.screen = new ChatScreen(context.extensionUri, () => this.fill(), (wish) => void this.wished(wish));
    this.conversation = new Conversation(server, this.surface());
    this.disposables.push(this.conversation);
  }

  /** Show the questions of this chat. */
  usePermissions(permissions: Permissions): void {
    this.permissions = permissions;
    this.disposables.push(permissions.onDidChange(() => this.showPermissions()));
  }

  shows(chatId: string | undefined): boolean {
    return this.screen.visible && chatId !== undefined && chatId === this.conversation.chatId;
  }

  get model(): string | undefined {
    return this.conversation.chat?.model ?? this.context.workspaceState.get(MODEL);
  }

  /** The model of this chat from now on, and of those that are begun here. */
  async useModel(model: string): Promise<void> {
    const { chatId } = this.conversation;
    await this.context.workspaceState.update(MODEL, model);
    if (chatId !== undefined) {
      this.conversation.chat = await this.server.request("maestro/chat/update", { chatId, model });
    }
    this.showHeading();
  }

  async open(chatId?: string): Promise<void> {
    const opening = this.conversation.open(chatId);
    await this.context.workspaceState.update(OPENED, chatId);
    await opening;
  }

  /** The chat that was open here before, if there still is one. */
  async reopen(): Promise<void> {
    const chatId = this.conversation.chatId ?? this.context.workspaceState.get<string>(OPENED);
    if (chatId === undefined) return this.showHeading();
    await this.open(chatId).catch((error: unknown) => {
      if (!isKind(error, "chatNotFound")) throw error;
      return this.open();
    });
  }

  async send(text: string): Promise<void> {
    const parts = this.attachments.take();
    const input: string | InputPart[] = parts.length > 0 ? [{ type: "text", text }, ...parts] : text;
    const model = this.conversation.chatId === undefined ? this.model : undefined;
    this.tell(undefined);
    try {
      await this.conversation.send(input, model === undefined ? {} : { model });
      await vscode.commands.executeCommand("setContext", "maestro.offline", false);
    } catch (error) {
      if (isKind(error, "unreachable")) await vscode.commands.executeCommand("setContext", "maestro.offline", true);
      this.tell(error);
      if (!said(error)) this.screen.post({ type: "unsaid", text });
    }
    await this.context.workspaceState.update(OPENED, this.conversation.chatId);
    await reached("chat");
  }

  async attach(part?: InputPart, label?: string): Promise<void> {
    if (part && label) this.attachments.add(part, label);
    else await this.attachments.choose();
  }

  async focus(): Promise<void> {
    await vscode.commands.executeCommand("maestro.chat.focus");
    this.screen.post({ type: "focus" });
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private surface(): Screen {
    return {
      show: (view, more) => this.screen.post({ type: "show", view, more }),
      older: (turns, more) => this.screen.post({ type: "older", turns, more }),
      events: (events) => this.screen.post({ type: "events", events }),
      chat: () => this.showHeading(),
      busy: (busy) => {
        this.screen.post({ type: "busy", busy });
        void vscode.commands.executeCommand("setContext", "maestro.chatRunning", busy);
      },
    };
  }

  /** Everything that is to be seen, for a page that has just begun. */
  private fill(): void {
    const { view, more, busy } = this.conversation;
    this.screen.post({ type: "show", view, more });
    this.screen.post({ type: "busy", busy });
    this.showHeading();
    this.showPermissions();
    this.showAttachments();
    this.showProblem();
  }

  private showHeading(): void {
    const chat: Chat | undefined = this.conversation.chat;
    const heading = { title: chat?.title ?? "", model: this.model ?? "", session: chat?.sessionId ?? "" };
    this.screen.post({ type: "heading", heading });
    this.changed.fire();
  }

  private showPermissions(): void {
    const mine = ({ chatId }: PermissionRequestParams): boolean => chatId === this.conversation.chatId;
    this.screen.post({ type: "permissions", requests: (this.permissions?.pending ?? []).filter(mine) });
  }

  private showAttachments(): void {
    this.screen.post({ type: "attachments", attachments: this.attachments.all });
  }

  private tell(error: unknown): void {
    const command = action(error);
    this.problem = error === undefined ? undefined : { message: sentence(error), ...(command ? { command } : {}) };
    this.showProblem();
  }

  private showProblem(): void {
    if (!this.problem) return this.screen.post({ type: "problem" });
    const { message, command } = this.problem;
    this.screen.post({ type: "problem", problem: { message, ...(command ? { button: command.title } : {}) } });
  }

  private async wished(wish: FromView): Promise<void> {
    try {
      await this.grant(wish);
    } catch (error) {
      this.tell(error);
    }
  }

  private async grant(wish: FromView): Promise<unknown> {
    switch (wish.type) {
      case "send":
        return this.send(wish.text);
      case "stop":
        return this.conversation.stop();
      case "older":
        return this.conversation.older();
      case "answer":
        return this.permissions?.choose(wish.requestId, wish.optionId);
      case "attach":
        return this.attach();
      case "detach":
        return this.attachments.remove(wish.id);
      case "revert":
        return this.revert(wish.messageId);
      case "selectModel":
        return vscode.commands.executeCommand("maestro.selectModel");
      case "problemButton":
        return this.problem?.command && vscode.commands.executeCommand(this.problem.command.command, ...this.problem.command.arguments);
      case "copy":
        return vscode.env.clipboard.writeText(wish.text);
      case "insert":
        return insertCode(wish.text);
      case "apply":
        return applyCode(wish.text);
      case "open":
        return openLink(wish.text);
      case "ready":
        return undefined;
    }
  }

  private async revert(throughMessageId: string): Promise<void> {
    const { chatId } = this.conversation;
    if (chatId !== undefined) await this.server.request("maestro/chat/revert", { chatId, throughMessageId });
  }
}

/** Whether the words are in the chat, although their answer failed. */
function said(error: unknown): boolean {
  return (error as { data?: { turnId?: string } }).data?.turnId !== undefined;
}
