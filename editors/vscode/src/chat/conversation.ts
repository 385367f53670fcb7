// One chat: loads it, follows it, speaks in it, and stops it. Knows nothing of other chats, nor of how it is drawn.
import type { CancellationTokenSource } from "vscode";
import { isCancelled, Lost, turnOf } from "../errors.ts";
import type { Chat, ChatEvent } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { Beginning } from "./beginning.ts";
import { type Draft, inputOf, withImages } from "./drafts.ts";
import type { Fields } from "./fields.ts";
import { follow, hasMore, type Loaded, NOTHING } from "./history.ts";
import { Outbox, type Sending } from "./outbox.ts";
import { earlier, lastPage } from "./pages.ts";
import { Single } from "./single.ts";
import { EMPTY, isRunning, type Turn, type View } from "./view.ts";

/** Where a conversation is shown. */
export interface Screen {
  show(view: View, more: boolean): void;
  older(turns: readonly Turn[], more: boolean): void;
  events(events: readonly ChatEvent[]): void;
  /** The chat has an id now, or other facts. */
  facts(): void;
  /** It had no id until now. */
  begun(chatId: string): void;
  /** Another chat is shown, in whose field something else stands. */
  field(): void;
  busy(): void;
  /** There is a problem, or none any more. */
  problem(): void;
  /** Words came back that could not be said. */
  unsaid(): void;
}

export interface Asked {
  readonly model?: string;
  readonly sessionId?: string;
}

/** What went wrong, and whether the words had been said by then. */
export interface Failure {
  readonly error: unknown;
  readonly said: boolean;
}

export class Conversation {
  /** While it loads, what is known may be old: no event is taken, and what was missed is caught up with afterwards. */
  private state: "loading" | "live";
  /** Counts the loadings, so that what an earlier one asked for is not taken when it comes late. */
  private generation = 0;
  private loaded: Loaded;
  private missing = false;
  private unloadable = false;
  private readonly loading = new Single();
  private readonly catching = new Single();
  private readonly fetching = new Single();
  private readonly outbox: Outbox;
  private readonly beginning = new Beginning();
  private screen: Screen | undefined;
  private readonly server: Server;
  chat: Chat | undefined;
  failure: Failure | undefined;

  /** Without an id it begins with its first message. */
  constructor(server: Server, canceller: () => CancellationTokenSource, fields: Fields, chatId?: string) {
    this.server = server;
    this.outbox = new Outbox(canceller, () => fields.follow(this));
    this.state = chatId === undefined ? "live" : "loading";
    this.loaded = chatId === undefined ? NOTHING : { ...NOTHING, view: { ...EMPTY, chatId } };
  }

  get chatId(): string | undefined {
    return this.loaded.view.chatId;
  }

  get view(): View {
    return this.loaded.view;
  }

  get more(): boolean {
    return hasMore(this.loaded);
  }

  /** A turn of this window runs, or another window's. */
  get busy(): boolean {
    return this.outbox.busy || this.elsewhere;
  }

  /** A turn runs that this window did not ask for. */
  get elsewhere(): boolean {
    return !this.outbox.busy && this.state === "live" && isRunning(this.view);
  }

  /** Nothing of it can be shown yet. */
  get loads(): boolean {
    return this.state === "loading" && this.view.turns.length === 0 && !this.unloadable;
  }

  /** What waits until others are answered. */
  get waiting(): readonly Sending[] {
    return this.outbox.unheard.slice(isRunning(this.view) ? 0 : 1);
  }

  /** What was sent or came back, and is not known to be said. */
  get unspoken(): readonly Draft[] {
    return this.outbox.unspoken;
  }

  /** There is something in it that the server does not know. */
  get occupied(): boolean {
    return !this.outbox.empty || this.failure !== undefined;
  }

  /** From now on it is shown there. */
  showOn(screen: Screen): void {
    this.screen = screen;
  }

  /** Wait until it is loaded. */
  ready(): Promise<void> {
    return this.state === "live" ? Promise.resolve() : this.loading.run(() => this.load());
  }

  /** What is known may be old: the server ended. */
  suspend(): void {
    if (this.chatId === undefined) return;
    this.generation += 1;
    this.state = "loading";
    for (const work of [this.loading, this.catching, this.fetching]) work.forget();
    this.screen?.busy();
  }

  /** Load it anew; what is shown stays until that is done. */
  reload(): Promise<void> {
    this.suspend();
    return this.ready();
  }

  /** Other facts of this chat, as the server tells everybody. */
  changed(chat: Chat): void {
    this.know(chat);
    if (!this.outbox.busy && chat.lastSeq > (this.view.lastSeq ?? 0)) this.catchUpSoon();
  }

  know(chat: Chat): void {
    this.chat = chat;
    this.screen?.facts();
  }

  /** The turns before those that are shown. */
  older(): Promise<void> {
    return this.fetching.run(() => this.fetchOlder());
  }

  /** Take back what came after a message. */
  async revert(throughMessageId: string): Promise<void> {
    const { chatId } = this;
    if (chatId === undefined) return;
    await this.server.request("maestro/chat/revert", { chatId, throughMessageId });
    if (this.chat?.forkedFrom === undefined) await this.catchUp();
    else await this.reload();
  }

  /**
   * Say something; returns when it is answered or stopped, or failed. Words that were not said come back. `asked` is for
   * a chat that begins.
   */
  async send(draft: Draft, asked: Asked): Promise<void> {
    const sending = this.outbox.begin(draft);
    const { token } = sending.cancel;
    this.fail(undefined);
    this.screen?.busy();
    try {
      await this.ready();
      await this.beginning.turn(() => this.chatId !== undefined);
      if (token.isCancellationRequested) return this.cameBack(sending);
      const place = this.chatId === undefined ? asked : { chatId: this.chatId };
      const heard = (event: ChatEvent): void => {
        this.take([withImages(event, draft)]);
        this.wasSaid(sending);
      };
      await this.server.stream("maestro/chat/send", { ...place, input: inputOf(draft) }, heard, token);
    } catch (error) {
      this.failed(sending, { error, said: sending.said || turnOf(error) !== undefined });
    } finally {
      this.outbox.end(sending);
      this.beginning.done();
      await this.catchUp().catch(() => undefined);
      this.screen?.busy();
    }
  }

  /** Stop the turn, whoever asked for it, and what waits for its end. */
  async stop(): Promise<void> {
    const { chatId, elsewhere } = this;
    this.outbox.stop();
    if (elsewhere && chatId !== undefined) await this.server.request("maestro/chat/cancel", { chatId });
  }

  /** What waits is to be said no more; its words come back. */
  withdraw(number: number): void {
    this.waiting.find((each) => each.number === number)?.cancel.cancel();
  }

  /** Words are to be written anew, wherever they can be. */
  giveBack(draft: Draft): void {
    this.outbox.giveBack(draft);
    this.screen?.unsaid();
  }

  /** The words that could not be said, as they were sent; they are not here any more. */
  takeUnsaid(): Draft[] {
    return this.outbox.takeUnsaid();
  }

  fail(failure: Failure | undefined): void {
    this.failure = failure;
    this.screen?.problem();
  }

  /** Do what helps; where that is done the problem is none any more. */
  async mend(help: (failure: Failure) => Promise<unknown>): Promise<void> {
    const { failure } = this;
    if (failure && (await help(failure)) !== false && this.failure === failure) this.fail(undefined);
  }

  private wasSaid(sending: Sending): void {
    if (sending.said) return;
    this.outbox.said(sending);
    this.screen?.busy();
  }

  /** Of several that were stopped all come back at once. */
  private cameBack(sending: Sending): void {
    if (this.outbox.cameBack(sending)) this.screen?.unsaid();
  }

  /** What the turn tells itself is not told again: that it was stopped, or that the server ended. */
  private failed(sending: Sending, failure: Failure): void {
    const { error, said } = failure;
    if (!isCancelled(error) && !(said && error instanceof Lost)) this.fail(failure);
    if (!said) this.cameBack(sending);
  }

  private async load(): Promise<void> {
    const { chatId, generation } = this;
    if (chatId === undefined) return;
    this.missing = false;
    this.unloadable = false;
    const { chat, loaded } = await lastPage(this.server, chatId).catch((error: unknown) => this.notLoaded(error));
    if (generation !== this.generation) return;
    this.state = "live";
    this.loaded = loaded;
    this.screen?.show(this.view, this.more);
    this.screen?.busy();
    this.know(chat);
    if (this.missing) this.catchUpSoon();
    if (loaded.firstSeq <= 1) await this.older();
  }

  /** Whoever speaks in it nevertheless has it loaded once more. */
  private notLoaded(error: unknown): never {
    this.unloadable = true;
    this.screen?.facts();
    this.screen?.busy();
    throw error;
  }

  private async fetchOlder(): Promise<void> {
    const { chatId, generation } = this;
    if (chatId === undefined || this.state !== "live" || !this.more) return;
    const grow = await earlier(this.server, chatId, this.loaded);
    if (generation !== this.generation) return;
    const { loaded, turns } = grow(this.loaded);
    this.loaded = loaded;
    this.screen?.older(turns, this.more);
  }

  private take(events: readonly ChatEvent[]): void {
    if (this.state === "loading") return void (this.missing = true);
    const begins = this.chatId === undefined;
    const loaded = events.reduce(follow, this.loaded);
    if (loaded === this.loaded) return;
    this.loaded = loaded;
    this.screen?.events(events);
    if (begins && this.chatId !== undefined) this.begun(this.chatId);
    if (this.view.behind !== undefined) this.catchUpSoon();
  }

  private begun(chatId: string): void {
    this.beginning.done();
    this.screen?.begun(chatId);
    this.screen?.facts();
  }

  /** Take the events that are missing. */
  private catchUp(): Promise<void> {
    this.missing = true;
    if (this.state === "loading" || this.chatId === undefined) return Promise.resolve();
    return this.catching.run(() => this.follow(this.chatId as string));
  }

  private catchUpSoon(): void {
    this.catchUp().catch(() => undefined);
  }

  private async follow(chatId: string): Promise<void> {
    const { generation } = this;
    while (this.missing) {
      this.missing = false;
      const page = await this.server.request("maestro/chat/events", { chatId, afterSeq: this.view.lastSeq ?? 0 });
      if (generation !== this.generation) return;
      this.take(page.events);
      this.missing ||= !page.complete && page.events.length > 0;
    }
    this.screen?.busy();
  }
}
