// Our models in the editor's own model picker and for other extensions, each answered by `maestro/chat/complete`.
import * as vscode from "vscode";
import type { ChatMessage, JsonObject, Model, TurnEvent } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { messagesOf, type Part } from "./translate.ts";

const WINDOW = 128_000;
const OUTPUT = 8_192;
const CHARACTERS_PER_TOKEN = 4;

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
    return (listed?.models ?? []).map(known);
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
    const params = { model: model.model, messages: chatMessages(messages), ...(tools.length > 0 ? { tools } : {}) };
    const heard = (event: TurnEvent): void => {
      if (event.type === "text.delta") progress.report(new vscode.LanguageModelTextPart(event.text));
      if (event.type === "tool.ready" && event.complete) {
        progress.report(new vscode.LanguageModelToolCallPart(event.toolCallId, event.name, event.input ?? {}));
      }
    };
    await this.server.stream("maestro/chat/complete", params, heard, token);
  }

  /** An estimate; the server counts where it matters. */
  async provideTokenCount(_model: Known, text: string | vscode.LanguageModelChatRequestMessage): Promise<number> {
    const whole = typeof text === "string" ? text : text.content.map((part) => partOf(part).text).join("");
    return Math.ceil(whole.length / CHARACTERS_PER_TOKEN);
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
    capabilities: { toolCalling: model.features?.includes("tools") ?? false },
  };
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
  return { type: "text", text: "" };
}
