// Starts, restarts and stops the server, and passes on what is asked of it.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { CancellationToken, type LanguageClient, ProgressType } from "vscode-languageclient/node";
import { type ClientRequests, PROTOCOL_VERSION, type ServerNotifications } from "../protocol.ts";
import type { Call, Method, Notification, Params, Result, Server, StreamEvent } from "../rpc.ts";
import { type Connected, createClient, serverHello } from "./client.ts";
import { counted, mayRestart, report } from "./crashes.ts";
import { type Candidate, candidates } from "./discovery.ts";
import { probe } from "./probe.ts";
import { failure } from "./failure.ts";
import { Queue } from "./queue.ts";
import type { State } from "./state.ts";

type Wiring = (client: LanguageClient) => vscode.Disposable;

export class Lifecycle implements Server, vscode.Disposable {
  private connected: Connected | undefined;
  private readonly clientId = randomUUID();
  private readonly queue = new Queue();
  private readonly wirings = new Map<Wiring, vscode.Disposable | undefined>();
  private readonly changed = new vscode.EventEmitter<State>();
  private crashes: number[] = [];
  private current: State = { kind: "stopped" };
  readonly onDidChangeState = this.changed.event;
  private readonly log: vscode.LogOutputChannel;
  private readonly environment: string;

  /** `environment` is where a managed environment would be. */
  constructor(log: vscode.LogOutputChannel, environment: string) {
    this.log = log;
    this.environment = environment;
  }

  get state(): State {
    return this.current;
  }

  start(): Promise<void> {
    return this.queue.add("start", async () => {
      if (this.current.kind !== "running") await this.startFirst();
    });
  }

  /** Stop the server if it runs and start it anew; crashes are forgiven. */
  restart(): Promise<void> {
    return this.queue.add("restart", async () => {
      this.crashes = [];
      this.become({ kind: "starting" });
      await this.stopClient();
      await this.startFirst();
    });
  }

  stop(): Promise<void> {
    return this.queue.add("stop", async () => {
      await this.stopClient();
      this.become({ kind: "stopped" });
    });
  }

  async dispose(): Promise<void> {
    await this.stop();
    this.changed.dispose();
  }

  async request<M extends Method>(method: M, params: Params<M>, token?: vscode.CancellationToken): Promise<Result<M>> {
    const client = await this.running();
    return client.sendRequest<Result<M>>(method, params, token ?? CancellationToken.None);
  }

  async stream<M extends Method>(
    method: M,
    params: Params<M>,
    heard: (event: StreamEvent<M>) => void,
    token?: vscode.CancellationToken,
  ): Promise<Result<M>> {
    const client = await this.running();
    const partialResultToken = randomUUID();
    const listening = client.onProgress(new ProgressType<StreamEvent<M>>(), partialResultToken, heard);
    try {
      return await client.sendRequest<Result<M>>(method, { ...params, partialResultToken }, token ?? CancellationToken.None);
    } finally {
      listening.dispose();
    }
  }

  on<N extends Notification>(name: N, heard: (params: ServerNotifications[N]) => void): vscode.Disposable {
    return this.wire((client) => client.onNotification(name, heard));
  }

  answer<C extends Call>(
    name: C,
    answered: (params: ClientRequests[C]["params"], token: vscode.CancellationToken) => Promise<ClientRequests[C]["result"]>,
  ): vscode.Disposable {
    return this.wire((client) => client.onRequest(name, answered));
  }

  private wire(wiring: Wiring): vscode.Disposable {
    this.wirings.set(wiring, this.connected && wiring(this.connected.client));
    return new vscode.Disposable(() => {
      this.wirings.get(wiring)?.dispose();
      this.wirings.delete(wiring);
    });
  }

  private async running(): Promise<LanguageClient> {
    if (this.current.kind === "stopped" || this.current.kind === "starting") await this.start();
    if (this.connected && this.current.kind === "running") return this.connected.client;
    throw failure(this.current);
  }

  private async startFirst(): Promise<void> {
    if (this.current.kind !== "starting") this.become({ kind: "starting" });
    let outcome: State = { kind: "noServer" };
    for (const candidate of this.candidates()) {
      outcome = await this.tryOut(candidate, outcome);
      if (outcome.kind === "running") break;
    }
    this.become(outcome);
  }

  private candidates(): Candidate[] {
    return candidates({
      setting: vscode.workspace.getConfiguration("maestro").get("server.command", []),
      path: process.env["PATH"] ?? "",
      windows: process.platform === "win32",
      environment: this.environment,
      exists: existsSync,
    });
  }

  /** The state after trying this one; `before` if it is another program of the same name. */
  private async tryOut(candidate: Candidate, before: State): Promise<State> {
    const failed: State = {
      kind: "failed",
      message: vscode.l10n.t("{0} could not be started.", candidate.command.join(" ")),
    };
    const version = await probe(candidate.command);
    if (version === undefined) return candidate.origin === "setting" ? failed : before;
    const { command } = candidate;
    const { log, clientId } = this;
    const connected: Connected = createClient({ command, log, clientId, closed: () => this.closed(connected, command) });
    const { client, program } = connected;
    for (const wiring of this.wirings.keys()) this.wirings.set(wiring, wiring(client));
    try {
      await client.start();
    } catch (error) {
      log.error(String(error));
      await program.gone();
      return failed;
    }
    const hello = serverHello(client);
    if (hello?.protocolVersion !== PROTOCOL_VERSION) {
      await this.end(connected);
      return { kind: "incompatible" };
    }
    this.connected = connected;
    return { kind: "running", command, version, hello };
  }

  private closed(connected: Connected, command: readonly string[]): void {
    if (connected !== this.connected) return;
    this.connected = undefined;
    this.crashes = counted(this.crashes, Date.now());
    const { exitCode, tail } = connected.program;
    const told = report({ command, exitCode, lastLines: tail.all() });
    this.log.error(told);
    if (!mayRestart(this.crashes)) return this.become({ kind: "crashed", report: told });
    this.become({ kind: "stopped" });
    void this.start();
  }

  private async stopClient(): Promise<void> {
    const { connected } = this;
    this.connected = undefined;
    if (connected) await this.end(connected);
  }

  private async end({ client, program }: Connected): Promise<void> {
    await client.dispose().catch((error: unknown) => this.log.warn(String(error)));
    await program.gone();
  }

  private become(state: State): void {
    this.current = state;
    this.changed.fire(state);
  }
}
