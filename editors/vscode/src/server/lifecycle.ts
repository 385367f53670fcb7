// Starts, restarts and stops the server as its state says, and passes on what is asked of it.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { CancellationToken, ProgressType } from "vscode-languageclient/node";
import type { ClientRequests, ServerNotifications } from "../protocol.ts";
import type { Call, Method, Notification, Params, Result, Server, StreamEvent } from "../rpc.ts";
import { answerOf } from "./asked.ts";
import { chosen } from "./chosen.ts";
import type { Connection } from "./connection.ts";
import { type Ending, report } from "./crashes.ts";
import { type Candidate, candidates } from "./discovery.ts";
import { failure } from "./failure.ts";
import { current } from "./installed.ts";
import { launch, type Launched } from "./launch.ts";
import { type Happening, INITIAL, next, type Todo } from "./machine.ts";
import { pass } from "./patience.ts";
import type { Failure, State } from "./state.ts";
import { Wirings } from "./wirings.ts";

export class Lifecycle implements Server, vscode.Disposable {
  private machine = INITIAL;
  private connection: Connection | undefined;
  /** What is under way, after all that was under way before; never raises. */
  private work: Promise<void> = Promise.resolve();
  private giveUp = new AbortController();
  private over = false;
  private readonly clientId = randomUUID();
  private readonly wirings = new Wirings();
  private readonly changed = new vscode.EventEmitter<State>();
  private readonly fellSilent = new vscode.EventEmitter<void>();
  readonly onDidChangeState = this.changed.event;
  /** It does not answer, though somebody waits for it. */
  readonly onDidFallSilent = this.fellSilent.event;
  private readonly log: vscode.LogOutputChannel;
  private readonly environments: string;

  /** `environments` is where managed environments are made. */
  constructor(log: vscode.LogOutputChannel, environments: string) {
    this.log = log;
    this.environments = environments;
  }

  get state(): State {
    return this.machine.state;
  }

  start(): Promise<void> {
    return this.handle({ kind: "wanted" });
  }

  /** Give up what is under way, stop the server if it runs, and start it anew; crashes are forgiven. */
  restart(): Promise<void> {
    return this.handle({ kind: "restart" });
  }

  stop(): Promise<void> {
    return this.handle({ kind: "stop" });
  }

  /** Stop it for good. */
  async dispose(): Promise<void> {
    const stopped = this.stop();
    this.over = true;
    await stopped;
    this.changed.dispose();
    this.fellSilent.dispose();
  }

  async request<M extends Method>(method: M, params: Params<M>, token?: vscode.CancellationToken): Promise<Result<M>> {
    const connection = await this.running();
    return answerOf(connection, connection.client.sendRequest<Result<M>>(method, params, token ?? CancellationToken.None), token);
  }

  async stream<M extends Method>(
    method: M,
    params: Params<M>,
    heard: (event: StreamEvent<M>) => void,
    token?: vscode.CancellationToken,
  ): Promise<Result<M>> {
    const connection = await this.running();
    const partialResultToken = randomUUID();
    const listening = connection.client.onProgress(new ProgressType<StreamEvent<M>>(), partialResultToken, heard);
    const asked = { ...params, partialResultToken };
    try {
      return await answerOf(connection, connection.client.sendRequest<Result<M>>(method, asked, token ?? CancellationToken.None), token);
    } finally {
      listening.dispose();
    }
  }

  on<N extends Notification>(name: N, heard: (params: ServerNotifications[N]) => void): vscode.Disposable {
    return this.wirings.add((client) => client.onNotification(name, heard), this.connection?.client);
  }

  answer<C extends Call>(
    name: C,
    answered: (params: ClientRequests[C]["params"], token: vscode.CancellationToken) => Promise<ClientRequests[C]["result"]>,
  ): vscode.Disposable {
    return this.wirings.add((client) => client.onRequest(name, answered), this.connection?.client);
  }

  private async running(): Promise<Connection> {
    await this.start();
    if (this.connection && this.state.kind === "running") return this.connection;
    throw failure(this.state);
  }

  /** Take it in, do what follows, and wait for that and all that follows from it. */
  private async handle(happening: Happening): Promise<void> {
    if (this.over) return;
    const before = this.state;
    const { machine, todo } = next(this.machine, happening);
    this.machine = machine;
    this.perform(todo);
    if (machine.state !== before) this.changed.fire(machine.state);
    for (let waited: Promise<void> | undefined; waited !== this.work; await waited) waited = this.work;
  }

  private perform(todo: Todo): void {
    if (todo.kind === "start") this.replace((signal) => this.tryAll(todo.afterMs, signal));
    if (todo.kind === "bury") this.replace((signal, command, ending) => this.bury(signal, command, ending));
    if (todo.kind === "stop") this.replace(async () => undefined);
  }

  /** Give up what is under way, end the server that runs, and then do this: never two of them work at once. */
  private replace(work: (signal: AbortSignal, command: readonly string[], ending?: Ending) => Promise<void>): void {
    this.giveUp.abort();
    const { signal } = (this.giveUp = new AbortController());
    const { connection } = this;
    this.connection = undefined;
    if (connection?.fate === "alive") connection.fate = "left";
    this.work = this.work
      .then(async () => work(signal, connection?.program.command ?? [], await connection?.end()))
      .catch((error: unknown) => this.log.error(String(error)));
  }

  private async bury(signal: AbortSignal, command: readonly string[], ending: Ending | undefined): Promise<void> {
    if (!ending) return;
    const told = report(command, ending, vscode.l10n.t);
    this.log.error(told);
    if (!signal.aborted) void this.handle({ kind: "buried", at: Date.now(), report: told });
  }

  private async tryAll(afterMs: number, signal: AbortSignal): Promise<void> {
    await pass(afterMs, signal);
    if (signal.aborted) return;
    const launched = await this.firstThatServes(signal);
    if (signal.aborted) return void ("connection" in launched && (await launched.connection.end()));
    if (!("connection" in launched)) return void this.handle({ kind: "tried", outcome: launched });
    const { connection, running } = launched;
    this.connection = connection;
    void this.handle({ kind: "tried", outcome: running });
    void connection.broken.then(() => (connection === this.connection ? this.handle({ kind: "closed" }) : undefined));
  }

  /** The first that serves, or else what is to be told. */
  private async firstThatServes(signal: AbortSignal): Promise<Launched> {
    const found = this.candidates();
    if (!Array.isArray(found)) return found;
    const { log, clientId } = this;
    const given = { log, clientId, silent: () => this.fellSilent.fire() };
    const reports: string[] = [];
    let told: Failure | undefined;
    for (const candidate of found) {
      const launched = await launch(candidate, given, (client) => this.wirings.attach(client), signal).catch(unforeseen(candidate));
      if ("connection" in launched || signal.aborted) return launched;
      log.error(launched.report);
      reports.push(launched.report);
      if (launched.kind !== "noServer") told ??= launched;
    }
    return { ...(told ?? { kind: "noServer" }), report: reports.join("\n") || `PATH: ${process.env["PATH"] ?? ""}\n` };
  }

  private candidates(): Candidate[] | Failure {
    const set: unknown = vscode.workspace.getConfiguration("maestro").get("server.command");
    const setting = chosen(set, homedir());
    if (!setting) return badSetting(set);
    return candidates({
      setting,
      path: process.env["PATH"] ?? "",
      windows: process.platform === "win32",
      environment: current(this.environments),
      exists: existsSync,
    });
  }
}

function badSetting(set: unknown): Failure {
  const program = "maestro.server.command";
  return { kind: "failed", origin: "setting", program, fault: "setting", report: `${program}: ${JSON.stringify(set)}\n` };
}

function unforeseen({ origin, command }: Candidate): (error: unknown) => Failure {
  const program = command.join(" ");
  return (error) => ({ kind: "failed", origin, program, fault: "ended", report: `${program}\n${String(error)}\n` });
}
