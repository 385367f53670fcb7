// The chat that is shown: loads it, follows it, speaks in it, and stops it. Knows nothing of how it is drawn.
import * as vscode from "vscode";
import { isCancelled, isKind } from "../errors.ts";
import type { Chat, ChatEvent, InputPart } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { hasWholeTurn, load, type Loaded, prepend } from "./history.ts";
import { reduce } from "./reduce.ts";
import { EMPTY, isRunning, type Turn, type View } from "./view.ts";

const FIRST_PAGE = 1000;
const LARGEST_PAGE = 5000;
const NOTHING: Loaded = { view: EMPTY, firstSeq: 1, pending: [] };

export interface Screen {
  show(view: View, more: boolean): void;
  older(turns: readonly Turn[], more: boolean): void;
  events(events: readonly ChatEvent[]): void;
  /** Another chat, or other facts of it. */
  chat(chat: Chat | undefined): void;
  busy(busy: boolean): void;
}

export interface Asked {
  readonly model?: string;
  readonly sessionId?: string;
}

export class Conversation implements vscode.Disposable {
  private loaded = NOTHING;
  private stopping: vscode.CancellationTokenSource | undefined;
  private catching: Promise<void> | undefined;
  private readonly disposables: vscode.Disposable[];
  private readonly server: Server;
  private readonly screen: Screen;
  chat: Chat | undefined;

  constructor(server: Server, screen: Screen) {
    this.server = server;
    this.screen = screen;
    this.disposables = [server.on("maestro/chat/didChange", ({ chat, removed }) => this.changed(chat, removed))];
  }

  get chatId(): string | undefined {
    return this.loaded.view.chatId ?? this.chat?.id;
  }

  get view(): View {
    return this.loaded.view;
  }

  get more(): boolean {
    return this.loaded.firstSeq > 1;
  }

  /** A turn of this window runs, or another window's. */
  get busy(): boolean {
    return this.stopping !== undefined || isRunning(this.view);
  }

  /** Show another chat; without one, an empty view whose first message begins a chat. */
  async open(chatId?: string): Promise<void> {
    this.chat = undefined;
    const empty = chatId === undefined ? NOTHING : { ...NOTHING, view: { ...EMPTY, chatId } };
    this.become(empty);
    if (chatId !== undefined) {
      const { chat } = await this.server.request("maestro/chat/get", { chatId, limit: 1 });
      const loaded = await this.lastPage(chatId);
      if (this.loaded !== empty) return;
      this.chat = chat;
      this.become({ ...loaded, view: { ...loaded.view, chatId } });
    }
    this.screen.chat(this.chat);
  }

  /** The turns before those that are shown. */
  async older(): Promise<void> {
    const chatId = this.chatId;
    if (chatId === undefined || !this.more) return;
    const before = this.loaded.firstSeq - 1;
    const afterSeq = Math.max(0, before - FIRST_PAGE);
    let page = await this.page(chatId, afterSeq, before - afterSeq);
    if (!hasWholeTurn(page)) page = await this.page(chatId, Math.max(0, before - LARGEST_PAGE), LARGEST_PAGE);
    const { loaded, turns } = prepend(this.loaded, page);
    this.loaded = loaded;
    this.screen.older(turns, this.more);
  }

  /** Say something; returns when it is answered or stopped. Raises what kept it from being said or answered. */
  async send(input: string | InputPart[], asked: Asked): Promise<void> {
    this.stopping = new vscode.CancellationTokenSource();
    this.screen.busy(true);
    const chatId = this.chatId;
    try {
      const params = { ...(chatId === undefined ? {} : { chatId }), input, ...asked };
      await this.server.stream("maestro/chat/send", params, (event) => this.take([event]), this.stopping.token);
    } catch (error) {
      if (!isCancelled(error)) throw error;
    } finally {
      this.stopping.dispose();
      this.stopping = undefined;
      await this.catchUp().catch(() => undefined);
      this.screen.busy(this.busy);
    }
  }

  /** Stop the turn, whoever asked for it. */
  async stop(): Promise<void> {
    if (this.stopping) this.stopping.cancel();
    else if (this.chatId !== undefined) await this.server.request("maestro/chat/cancel", { chatId: this.chatId });
  }

  /** After the server was started anew: what was running there has ended. */
  async reload(): Promise<void> {
    if (this.chatId === undefined) return;
    await this.open(this.chatId).catch((error: unknown) => {
      if (!isKind(error, "chatNotFound")) throw error;
      return this.open();
    });
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private become(loaded: Loaded): void {
    this.loaded = loaded;
    this.screen.show(this.view, this.more);
    this.screen.busy(this.busy);
  }

  private async lastPage(chatId: string): Promise<Loaded> {
    const page = await this.server.request("maestro/chat/events", { chatId, limit: FIRST_PAGE });
    const whole = hasWholeTurn(page.events) || page.events.length < FIRST_PAGE;
    const limit = LARGEST_PAGE;
    return load(whole ? page.events : (await this.server.request("maestro/chat/events", { chatId, limit })).events);
  }

  private async page(chatId: string, afterSeq: number, limit: number): Promise<ChatEvent[]> {
    return (await this.server.request("maestro/chat/events", { chatId, afterSeq, limit })).events;
  }

  private take(events: readonly ChatEvent[]): void {
    const view = events.reduce(reduce, this.view);
    if (view === this.view) return;
    this.loaded = { ...this.loaded, view };
    this.screen.events(events);
    if (view.behind !== undefined) void this.catchUp();
  }

  private changed(chat: Chat, removed = false): void {
    if (chat.id !== this.chatId) return;
    if (removed) return void this.open();
    this.chat = chat;
    this.screen.chat(chat);
    if (!this.stopping && chat.lastSeq > (this.view.lastSeq ?? 0)) void this.catchUp();
  }

  /** Take the events that are missing; one call at a time. */
  private catchUp(): Promise<void> {
    this.catching ??= this.follow().finally(() => {
      this.catching = undefined;
      this.screen.busy(this.busy);
    });
    return this.catching;
  }

  private async follow(): Promise<void> {
    const chatId = this.chatId;
    for (let complete = chatId === undefined; !complete && chatId === this.chatId; ) {
      const afterSeq = this.view.lastSeq ?? 0;
      const page = await this.server.request("maestro/chat/events", { chatId: chatId as string, afterSeq });
      if (chatId === this.chatId) this.take(page.events);
      complete = page.complete || page.events.length === 0;
    }
  }
}
