// A server's chats in memory: it answers from their logs, at once or when it is told to, and streams what it is told.
import type { CancellationToken, CancellationTokenSource, Disposable, Memento } from "vscode";
import type { Chat, ChatEvent, Chunk, Message, TurnEvent } from "../../../../editors/vscode/src/protocol.ts";
import type { Method, Notification, Params, Result, Server, StreamEvent } from "../../../../editors/vscode/src/rpc.ts";

/** A message that was sent and is not answered yet. */
export class Sent {
  readonly params: Params<"maestro/chat/send">;
  readonly token: CancellationToken | undefined;
  readonly done: Promise<Result<"maestro/chat/send">>;
  end: () => void = () => undefined;
  fail: (error: unknown) => void = () => undefined;
  private readonly hear: (event: TurnEvent) => void;

  constructor(params: Sent["params"], hear: (event: TurnEvent) => void, token: CancellationToken | undefined) {
    this.params = params;
    this.hear = hear;
    this.token = token;
    this.done = new Promise((resolve, reject) => {
      this.end = () => resolve({} as Result<"maestro/chat/send">);
      this.fail = reject;
    });
  }

  stream(...events: readonly ChatEvent[]): void {
    for (const event of events) this.hear(event as TurnEvent);
  }
}

export class Store implements Server {
  readonly logs = new Map<string, ChatEvent[]>();
  readonly sent: Sent[] = [];
  readonly asked: string[] = [];
  messages: readonly Message[] = [];
  chunks: readonly Partial<Chunk>[] = [];
  /** What every question fails with, where it does. */
  broken: unknown;
  private held: (() => void)[] | undefined;
  private readonly listeners = new Set<(params: never) => void>();

  /** From now on answers wait; what they say is what is so when they are asked for. */
  hold(): void {
    this.held = [];
  }

  /** Give the answers that wait; those to come wait on. */
  release(): void {
    for (const each of this.held?.splice(0) ?? []) each();
  }

  /** Answers do not wait any more; what is given gives those that do. */
  flow(): () => void {
    const held = this.held ?? [];
    this.held = undefined;
    return () => held.forEach((each) => each());
  }

  tell(chat: Partial<Chat>, removed = false): void {
    for (const listener of this.listeners) listener({ chat, removed } as never);
  }

  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    this.asked.push(method);
    const answer = this.answerTo(method, params as Params<"maestro/chat/events">);
    const { held } = this;
    if (held) await new Promise<void>((resolve) => held.push(resolve));
    return (await answer) as Result<M>;
  }

  async stream<M extends Method>(_method: M, params: Params<M>, heard: (event: StreamEvent<M>) => void, token?: CancellationToken) {
    const sent = new Sent(params as Sent["params"], heard as (event: TurnEvent) => void, token);
    this.sent.push(sent);
    return (await sent.done) as Result<M>;
  }

  on<N extends Notification>(_name: N, heard: (params: never) => void): Disposable {
    this.listeners.add(heard);
    return { dispose: () => this.listeners.delete(heard) };
  }

  answer(): Disposable {
    return { dispose: () => undefined };
  }

  private async answerTo(method: Method, { chatId, afterSeq, limit = 1000 }: Params<"maestro/chat/events">): Promise<unknown> {
    if (this.broken !== undefined) throw this.broken;
    const log = this.logs.get(chatId);
    if (!log) throw { code: 4301, message: "There is no such chat." };
    if (method === "maestro/chat/cancel") return {};
    if (method === "maestro/chat/get") return { chat: { id: chatId, title: chatId, lastSeq: log.length }, messages: this.messages };
    if (method === "maestro/context/list") return { chunks: this.chunks };
    const events = afterSeq === undefined ? log.slice(-limit) : log.slice(afterSeq, afterSeq + limit);
    return { events, lastSeq: log.length, complete: (events.at(-1)?.seq ?? log.length) === log.length };
  }
}

/** The log of a chat of so many turns; the last one goes on where `running`. */
export function log(chatId: string, turns: number, running = false): ChatEvent[] {
  const events: ChatEvent[] = [];
  const add = (event: object): void => void events.push({ chatId, seq: events.length + 1, ...event } as ChatEvent);
  for (let turn = 1; turn <= turns; turn += 1) {
    const turnId = `${chatId}${turn}`;
    add({ type: "turn.started", turnId, model: "m", userMessageId: `u${turn}`, text: `Ask ${turn}` });
    add({ type: "text.delta", turnId, messageId: `${turnId}.1`, partId: "p", text: "Said" });
    if (turn < turns || !running) add({ type: "turn.completed", turnId, stopReason: "endTurn", usage: {} });
  }
  return events;
}

/** What the editor remembers for a window. */
export class Memo implements Memento {
  private readonly values: Map<string, unknown>;

  constructor(values: Iterable<readonly [string, unknown]> = []) {
    this.values = new Map(values);
  }

  /** As it is read again. */
  stored(): Memo {
    return new Memo(JSON.parse(JSON.stringify([...this.values])));
  }

  keys(): string[] {
    return [...this.values.keys()];
  }

  get<T>(key: string): T | undefined {
    return this.values.get(key) as T | undefined;
  }

  async update(key: string, value: unknown): Promise<void> {
    this.values.set(key, value);
  }
}

/** As the editor's own. */
export function canceller(): CancellationTokenSource {
  const heard: (() => void)[] = [];
  const token = { isCancellationRequested: false, onCancellationRequested: (listener: () => void) => heard.push(listener) };
  const cancel = (): void => {
    token.isCancellationRequested = true;
    for (const each of heard) each();
  };
  return { token, cancel, dispose: () => undefined } as unknown as CancellationTokenSource;
}

/** Let everything happen that needs no more than that others get their turn. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
