// Which chat is shown, and those that go on while others are: each is a conversation of its own.
import type { CancellationTokenSource, Disposable } from "vscode";
import { Advised, isKind } from "../errors.ts";
import type { Chat } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { Conversation, type Screen } from "./conversation.ts";
import { BLANK, type Draft } from "./drafts.ts";
import type { Fields } from "./fields.ts";

export class Chats {
  private readonly others = new Set<Conversation>();
  private readonly listening: Disposable;
  private readonly server: Server;
  private readonly screen: Screen;
  private readonly behind: Screen;
  private readonly canceller: () => CancellationTokenSource;
  private readonly fields: Fields;
  shown: Conversation;

  /** With the id of a chat it is this one that is shown; it is loaded as soon as a server runs. */
  constructor(server: Server, screen: Screen, canceller: () => CancellationTokenSource, fields: Fields, chatId?: string) {
    this.server = server;
    this.screen = screen;
    this.canceller = canceller;
    this.fields = fields;
    this.shown = new Conversation(server, canceller, fields, chatId);
    this.shown.showOn(screen);
    this.behind = behind(screen);
    this.listening = server.on("maestro/chat/didChange", ({ chat, removed }) => this.changed(chat, removed));
  }

  /** Show this chat, or one that begins with what is said next; returns when it is loaded. */
  async open(chatId?: string): Promise<void> {
    const known = this.known(chatId);
    const next = known ?? new Conversation(this.server, this.canceller, this.fields, chatId);
    const again = known !== undefined && known === this.shown && !known.busy;
    this.show(next);
    try {
      await (again ? next.reload() : next.ready());
    } catch (error) {
      if (next === this.shown) throw error;
    }
  }

  /** As `open`; where the chat is gone, one that begins. */
  async openIfThere(chatId: string | undefined): Promise<void> {
    await this.open(chatId).catch((error: unknown) => {
      if (!isKind(error, "chatNotFound")) throw error;
      return this.open();
    });
  }

  /** The server ended: what is known of any chat may be old. */
  suspend(): void {
    for (const conversation of this.all()) conversation.suspend();
  }

  /** A server runs, be it the first or another: load anew what is shown; the others when they are shown. */
  async resume(): Promise<void> {
    for (const conversation of this.all()) if (conversation.failure?.error instanceof Advised) conversation.fail(undefined);
    if (this.shown.chatId !== undefined) await this.openIfThere(this.shown.chatId);
  }

  /** The words that could not be said in what is shown, or in what never became a chat. */
  takeUnsaid(): Draft[] {
    const homeless = [...this.others].filter(({ chatId }) => chatId === undefined);
    for (const { failure } of homeless) if (failure) this.shown.fail(failure);
    for (const each of homeless) each.failure = undefined;
    return [this.shown, ...homeless].flatMap((each) => each.takeUnsaid());
  }

  dispose(): void {
    this.listening.dispose();
    for (const conversation of this.all()) conversation.suspend();
  }

  private all(): Conversation[] {
    return [this.shown, ...this.others];
  }

  private known(chatId: string | undefined): Conversation | undefined {
    return chatId === undefined ? undefined : this.all().find((each) => each.chatId === chatId);
  }

  private show(next: Conversation): void {
    const before = this.shown;
    if (next === before) return;
    before.showOn(this.behind);
    this.shown = next;
    this.others.add(before);
    this.others.delete(next);
    for (const each of this.others) if (!each.occupied) this.drop(each);
    next.showOn(this.screen);
    this.screen.field();
    this.screen.show(next.view, next.more);
    this.screen.busy();
    this.screen.problem();
    this.screen.unsaid();
    this.screen.facts();
  }

  private changed(chat: Chat, removed = false): void {
    const conversation = this.known(chat.id);
    if (removed) this.fields.write(chat.id, BLANK);
    if (!removed) conversation?.changed(chat);
    else if (conversation === this.shown) void this.open();
    else if (conversation) this.drop(conversation);
  }

  /** What it still waits for goes nowhere. */
  private drop(conversation: Conversation): void {
    conversation.suspend();
    this.others.delete(conversation);
  }
}

/** Nothing of a chat that is not shown is to be seen but words that came back. */
function behind(screen: Screen): Screen {
  const nothing = (): void => undefined;
  return {
    show: nothing, older: nothing, events: nothing, facts: nothing, begun: nothing, field: nothing, busy: nothing, problem: nothing,
    unsaid: () => screen.unsaid(),
  };
}
