// The chat in the side bar as a whole: the chats, their screen, questions for permission, attachments, model.
import * as vscode from "vscode";
import { isKind } from "../errors.ts";
import type { Permissions } from "../permissions.ts";
import type { Server } from "../rpc.ts";
import type { Situation } from "../support/situation.ts";
import { reached } from "../support/walkthrough.ts";
import { Attachments } from "./attachments.ts";
import { Changes } from "./changes.ts";
import { Chats } from "./chats.ts";
import type { Conversation, Screen } from "./conversation.ts";
import { type Held, joined } from "./drafts.ts";
import { Fields } from "./fields.ts";
import { Memory } from "./memory.ts";
import type { FromView } from "./messages.ts";
import { adviceMessage, attachmentsMessage, busyMessage, headingMessage, problemMessage } from "./posts.ts";
import { ChatScreen } from "./screen.ts";
import { grant } from "./wishes.ts";

export class ChatPanel implements vscode.Disposable {
  readonly screen: ChatScreen;
  readonly changes = new Changes();
  readonly attachments = new Attachments(() => this.attached());
  readonly memory: Memory;
  readonly fields: Fields;
  readonly situation: Situation;
  private readonly chats: Chats;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly shown = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[];
  private readonly server: Server;
  permissions: Permissions | undefined;
  /** Another chat is shown, or its title, model or cost is another. */
  readonly onDidChange = this.changed.event;
  /** The view was shown or hidden, or shows another chat. */
  readonly onDidChangeShown = this.shown.event;

  constructor(context: vscode.ExtensionContext, server: Server, situation: Situation) {
    this.server = server;
    this.situation = situation;
    this.memory = new Memory(context.workspaceState);
    this.fields = new Fields(this.memory);
    this.screen = new ChatScreen(context.extensionUri, () => this.fill(), (wish) => void this.wished(wish));
    const canceller = (): vscode.CancellationTokenSource => new vscode.CancellationTokenSource();
    this.chats = new Chats(server, this.surface(), canceller, this.fields, this.memory.get("openedChat"));
    this.attachments.use(this.fields.of(this.conversation.chatId).attached);
    this.disposables = [
      this.changed, this.shown, this.changes, this.chats,
      this.screen.onDidChangeVisibility(() => this.shown.fire()),
      this.onDidChange(() => this.shown.fire()),
      situation.onDidChange(() => this.showAdvice()),
      vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("maestro.chat") && this.showBusy()),
    ];
  }

  /** Show the questions of this chat. */
  usePermissions(permissions: Permissions): void {
    this.permissions = permissions;
    this.disposables.push(permissions.onDidChange(() => this.showPermissions()));
  }

  /** The one that is shown. */
  get conversation(): Conversation {
    return this.chats.shown;
  }

  shows(chatId: string | undefined): boolean {
    return this.screen.visible && chatId !== undefined && chatId === this.conversation.chatId;
  }

  get model(): string | undefined {
    return this.conversation.chat?.model ?? this.memory.get("model");
  }

  /** The model of this chat from now on, and of those that are begun here. */
  async useModel(model: string): Promise<void> {
    const { conversation } = this;
    const { chatId } = conversation;
    await this.memory.set("model", model);
    if (chatId !== undefined) conversation.know(await this.server.request("maestro/chat/update", { chatId, model }));
    this.showHeading();
  }

  open(chatId?: string): Promise<void> {
    return this.chats.open(chatId);
  }

  /** The server ended: what is known of chats may be old. */
  suspend(): void {
    this.chats.suspend();
  }

  /** A server runs: load what is shown, if it still is there. */
  async resume(): Promise<void> {
    await this.chats.resume();
    this.showHeading();
  }

  /** Say it in the chat that is shown, with all that is attached, or with these. */
  async send(text: string, attached: readonly Held[] = this.attachments.take()): Promise<void> {
    const { conversation } = this;
    const model = this.memory.get("model");
    await conversation.send({ text, attached }, model === undefined ? {} : { model });
    await this.situation.offline(isKind(conversation.failure?.error, "unreachable"));
    await reached("chat");
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
      show: (view, more) => {
        this.screen.post({ type: "show", view, more });
        this.showPermissions();
      },
      older: (turns, more) => this.screen.post({ type: "older", turns, more }),
      events: (events) => this.screen.post({ type: "events", events }),
      facts: () => this.showFacts(),
      begun: (chatId) => this.fields.begun(chatId),
      field: () => this.showField(),
      busy: () => this.showBusy(),
      problem: () => this.showProblem(),
      unsaid: () => this.showUnsaid(),
    };
  }

  /** Everything that is to be seen, for a page that has just begun. */
  private fill(): void {
    const { view, more } = this.conversation;
    this.screen.post({ type: "draft", text: this.fields.of(this.conversation.chatId).text });
    this.screen.post({ type: "show", view, more });
    this.showBusy();
    this.showHeading();
    this.showPermissions();
    this.showAttachments();
    this.showProblem();
    this.showAdvice();
    this.showUnsaid();
  }

  /** A chat that begins has no id yet; it is remembered as soon as it has. */
  private showFacts(): void {
    void this.memory.set("openedChat", this.conversation.chatId);
    this.showPermissions();
    this.showHeading();
  }

  private showHeading(): void {
    this.screen.post(headingMessage(this.conversation, this.model));
    this.changed.fire();
  }

  private showBusy(): void {
    this.screen.post(busyMessage(this.conversation));
    void vscode.commands.executeCommand("setContext", "maestro.chatRunning", this.conversation.busy);
  }

  private showPermissions(): void {
    const { chatId } = this.conversation;
    const requests = (this.permissions?.pending ?? []).filter((request) => request.chatId === chatId);
    this.screen.post({ type: "permissions", requests });
  }

  private showField(): void {
    const { text, attached } = this.fields.of(this.conversation.chatId);
    this.attachments.use(attached);
    this.screen.post({ type: "draft", text });
  }

  private attached(): void {
    this.fields.write(this.conversation.chatId, { attached: this.attachments.all });
    this.showAttachments();
  }

  private showAttachments(): void {
    this.screen.post(attachmentsMessage(this.attachments.all));
  }

  private showProblem(): void {
    this.screen.post(problemMessage(this.conversation));
  }

  private showAdvice(): void {
    this.screen.post(adviceMessage(this.situation));
  }

  /** Only a page that is there can take words; they wait for it. */
  private showUnsaid(): void {
    if (!this.screen.ready) return;
    const drafts = this.chats.takeUnsaid();
    if (drafts.length === 0) return;
    const { text, attached } = joined(drafts);
    this.screen.post({ type: "unsaid", text });
    this.attachments.giveBack(attached);
  }

  private async wished(wish: FromView): Promise<void> {
    const { conversation } = this;
    try {
      await grant(this, wish);
    } catch (error) {
      conversation.fail({ error, said: false });
    }
  }
}
