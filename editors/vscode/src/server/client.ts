// The language client: how it presents itself to the server, and what of it is other than usual.
import * as vscode from "vscode";
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  type StaticFeature,
} from "vscode-languageclient/node";
import { type ClientHello, PROTOCOL_VERSION, type ServerHello } from "../protocol.ts";
import { settingsToTell } from "./configuration.ts";
import { Program } from "./program.ts";
import { proxyVariables } from "./proxy.ts";

export interface Given {
  readonly command: readonly string[];
  readonly log: vscode.LogOutputChannel;
  readonly clientId: string;
  /** The connection closed although nobody asked for that. */
  readonly closed: () => void;
}

/** A client with the process it speaks to, once that is started. */
export interface Connected {
  readonly client: LanguageClient;
  readonly program: Program;
}

/** A client for this command, not started yet. */
export function createClient(given: Given): Connected {
  const program = new Program([...given.command, "lsp", "--stdio"], proxyVariables(proxySettings(), process.env));
  const client: LanguageClient = new LanguageClient("maestro", "Maestro", () => program.start(), {
    ...options(given, program),
    middleware: {
      workspace: {
        configuration: (params) => params.items.map((item) => (item.section === "maestro" ? settingsToTell() : null)),
        didChangeConfiguration: () =>
          client.sendNotification(DidChangeConfigurationNotification.type, { settings: null }),
      },
    },
  });
  client.registerFeature(introduction(given.clientId));
  return { client, program };
}

/** What the server said of itself in its answer to `initialize`. */
export function serverHello(client: LanguageClient): ServerHello | undefined {
  const experimental = client.initializeResult?.capabilities.experimental as { maestro?: ServerHello } | undefined;
  return experimental?.maestro;
}

function options(given: Given, program: Program): LanguageClientOptions {
  return {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
    outputChannel: given.log,
    diagnosticPullOptions: { onChange: true },
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        given.closed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    stdioOptions: {
      stdout: () => undefined,
      stderr: (stream, log) => {
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
