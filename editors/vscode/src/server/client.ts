// The language client: how it presents itself to the server, and what of it is other than usual.
import type { ChildProcess } from "node:child_process";
import * as vscode from "vscode";
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  ShowMessageNotification,
  ShowMessageRequest,
  State as ClientState,
  type StaticFeature,
} from "vscode-languageclient/node";
import { fixesFirst } from "../findings/actions.ts";
import { fileEvents } from "../findings/follow.ts";
import { type ClientHello, PROTOCOL_VERSION, type ServerHello } from "../protocol.ts";
import { settingsToTell } from "./configuration.ts";
import { Connection } from "./connection.ts";
import { Program } from "./program.ts";
import { choose, say } from "./messages.ts";
import { proxyVariables } from "./proxy.ts";
import { redacted } from "./redact.ts";

export interface Given {
  readonly log: vscode.LogOutputChannel;
  readonly clientId: string;
  /** The server does not answer while somebody waits. */
  readonly silent: () => void;
}

/** A connection to this command, not started yet. */
export function connect(command: readonly string[], given: Given): Connection {
  const program = new Program(command, proxyVariables(proxySettings(), process.env));
  let breaks: (how: "closed" | "garbled") => void = () => undefined;
  const broken = new Promise<"closed" | "garbled">((resolve) => (breaks = resolve));
  const client: LanguageClient = new QuietClient("maestro", "Maestro", () => begun(program, () => breaks("garbled")), {
    ...options(discreet(given.log), program),
    errorHandler: {
      error: () => {
        if (client.state === ClientState.Starting) breaks("garbled");
        return { action: ErrorAction.Continue, handled: true };
      },
      closed: async () => {
        if (connection.fate === "alive") connection.fate = "died";
        breaks("closed");
        // The library forgets a start whose connection closed, so that nobody would hear its failure.
        if (client.state === ClientState.Starting) await new Promise(setImmediate);
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    middleware: {
      provideCodeActions: async (document, range, context, token, next) => fixesFirst((await next(document, range, context, token)) ?? []),
      workspace: {
        configuration: (params) => params.items.map((item) => (item.section === "maestro" ? settingsToTell() : null)),
        didChangeConfiguration: () =>
          client.sendNotification(DidChangeConfigurationNotification.type, { settings: null }),
      },
    },
  });
  const connection = new Connection(client, program, broken, given.silent);
  client.registerFeature(introduction(given.clientId));
  client.onNotification(ShowMessageNotification.type, say);
  client.onRequest(ShowMessageRequest.type, choose);
  return connection;
}

/** Start it; what is no message is known by its first words, since the library would wait for the end of its header. */
async function begun(program: Program, garbled: () => void): Promise<ChildProcess> {
  const child = await program.start();
  child.stdout?.once("data", (first: Buffer) => /^content-/i.test(first.toString("latin1")) || garbled());
  return child;
}

/** The library's, but what it has to say of the connection stays in the log, and a start may be stopped. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  override stop(timeout?: number): Promise<void> {
    const starting = this.state === ClientState.Starting || this.state === ClientState.StartFailed;
    return starting ? Promise.resolve() : super.stop(timeout);
  }
}

/** The log, without the secrets of the messages that are traced into it. */
function discreet(log: vscode.LogOutputChannel): vscode.LogOutputChannel {
  const trace = (message: string, ...more: unknown[]): void => log.trace(redacted(message), ...more);
  return Object.create(log, { trace: { value: trace } }) as vscode.LogOutputChannel;
}

/** What the server said of itself in its answer to `initialize`. */
export function serverHello(client: LanguageClient): ServerHello | undefined {
  const experimental = client.initializeResult?.capabilities.experimental as { maestro?: ServerHello } | undefined;
  return experimental?.maestro;
}

function options(log: vscode.LogOutputChannel, program: Program): LanguageClientOptions {
  return {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
    outputChannel: log,
    traceOutputChannel: log,
    diagnosticPullOptions: { onChange: true },
    synchronize: { fileEvents: fileEvents() },
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationFailedHandler: () => false,
    stdioOptions: {
      stdout: () => undefined,
      stderr: (stream) => {
        stream.setEncoding("utf8");
        stream.on("data", (text: string) => {
          program.tail.add(text);
          log.info(text.trimEnd());
        });
      },
    },
  };
}

function introduction(clientId: string): StaticFeature {
  const hello: ClientHello = {
    protocolVersions: [PROTOCOL_VERSION],
    clientId,
    trusted: vscode.workspace.isTrusted,
    features: { stream: { maxLatencyMs: 33 }, permission: {}, applyEdit: {} },
  };
  return {
    fillClientCapabilities: (capabilities) => {
      capabilities.experimental = { ...(capabilities.experimental as object | undefined), maestro: hello };
    },
    initialize: () => undefined,
    getState: () => ({ kind: "static" }),
    clear: () => undefined,
  };
}

function proxySettings(): { proxy: string; noProxy: readonly string[] } {
  const http = vscode.workspace.getConfiguration("http");
  return { proxy: http.get("proxy", ""), noProxy: http.get("noProxy", []) };
}
