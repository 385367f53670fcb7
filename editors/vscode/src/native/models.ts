// Our models in the editor's own model picker and for other extensions, each answered by `maestro/chat/complete`.
import * as vscode from "vscode";
import { isCancelled, sentence } from "../errors.ts";
import type { ChatMessage, JsonObject, Model, TurnEvent } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { dataPart, messagesOf, paramsOf, type Part, refused, tokensOf } from "./translate.ts";

const WINDOW = 128_000;
const OUTPUT = 8_192;
/** Who answers without a model; it is offered only to somebody who has no other. */
const OFFLINE = "offline";

interface Known extends vscode.LanguageModelChatInformation {
  readonly model: string;
}

export class MaestroModels implements vscode.LanguageModelChatProvider<Known>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly server: Server;
  readonly onDidChangeLanguageModelChatInformation = this.changed.event;

  constructor(server: Server) {
    this.server = server;
  }

  /** The models one can use are others now. */
  refresh(): void {
    this.changed.fire();
  }

  async provideLanguageModelChatInformation(): Promise<Known[]> {
    const listed = await this.server.request("maestro/model/list", {}).catch(() => undefined);
    const models = listed?.models ?? [];
    const real = models.filter(({ provider }) => provider !== OFFLINE);
    return (real.length > 0 ? real : models).map(known);
  }

  async provideLanguageModelChatResponse(
    model: Known,
    messages: readonly vscode.LanguageModelChatRequestMessage[],
    options: vscode.ProvideLanguageModelChatResponseOptions,
    progress: vscode.Progress<vscode.LanguageModelResponsePart>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const tools = (options.tools ?? []).map(({ name, description, inputSchema }) => ({
      name,
      description,
      inputSchema: (inputSchema ?? { type: "object" }) as JsonObject,
    }));
    const params = {
      model: model.model,
      messages: chatMessages(messages),
      params: paramsOf(options.modelOptions),
      ...(tools.length > 0 ? { tools } : {}),
    };
    let calls = 0;
    const heard = (event: TurnEvent): void => {
      if (event.type === "text.delta") progress.report(new vscode.LanguageModelTextPart(event.text));
      if (event.type === "tool.ready" && event.complete) {
        calls += 1;
        progress.report(new vscode.LanguageModelToolCallPart(event.toolCallId, event.name, event.input ?? {}));
      }
    };
    await this.server.stream("maestro/chat/complete", params, heard, token).catch((error: unknown) => {
      throw failure(error);
    });
    // No provider is told that it must, so what its model made of it is told to whoever relies on it.
    if (options.toolMode === vscode.LanguageModelChatToolMode.Required && calls === 0) {
      throw new vscode.LanguageModelError(vscode.l10n.t("The model called no tool, though one was required."));
    }
  }

  /** An estimate; the server counts where it matters. */
  async provideTokenCount(_model: Known, text: string | vscode.LanguageModelChatRequestMessage): Promise<number> {
    const parts: Part[] = typeof text === "string" ? [{ type: "text", text }] : text.content.map(partOf);
    return parts.reduce((sum, part) => sum + tokensOf(part), 0);
  }

  dispose(): void {
    this.changed.dispose();
  }
}

function known(model: Model): Known {
  return {
    id: model.id,
    model: model.id,
    name: model.label ?? model.name,
    family: model.shortName ?? model.name,
    version: model.name,
    detail: model.provider,
    maxInputTokens: model.contextWindow ?? WINDOW,
    maxOutputTokens: model.maxOutput ?? OUTPUT,
    // Where a service does not say what its model can do, it is its answer that tells.
    capabilities: {
      toolCalling: model.features?.includes("tools") ?? true,
      imageInput: model.features?.includes("vision") ?? true,
    },
  };
}

/** The failure by the editor's name for it, with our sentence. */
function failure(error: unknown): Error {
  if (isCancelled(error)) return new vscode.CancellationError();
  const name = refused(error);
  return name ? vscode.LanguageModelError[name](sentence(error)) : new vscode.LanguageModelError(sentence(error));
}

function chatMessages(messages: readonly vscode.LanguageModelChatRequestMessage[]): ChatMessage[] {
  return messages.flatMap(({ role, content }) =>
    messagesOf(role === vscode.LanguageModelChatMessageRole.Assistant ? "assistant" : "user", content.map(partOf)),
  );
}

function partOf(part: unknown): Part {
  if (part instanceof vscode.LanguageModelTextPart) return { type: "text", text: part.value };
  if (part instanceof vscode.LanguageModelToolCallPart) {
    return { type: "call", text: "", id: part.callId, name: part.name, input: part.input as JsonObject };
  }
  if (part instanceof vscode.LanguageModelToolResultPart) {
    return { type: "result", id: part.callId, text: part.content.map((each) => partOf(each).text).join("") };
  }
  // Its class is younger than the oldest editor this runs in.
  const { mimeType, data } = part as { mimeType?: unknown; data?: unknown };
  const told = typeof mimeType === "string" && data instanceof Uint8Array ? dataPart(mimeType, data) : undefined;
  return told ?? { type: "text", text: "" };
}
