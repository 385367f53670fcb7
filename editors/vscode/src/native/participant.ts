// `@maestro` in the editor's own chat: each of its conversations is one of ours.
import * as vscode from "vscode";
import { sentence } from "../errors.ts";
import type { InputPart, TurnEvent } from "../protocol.ts";
import type { Server } from "../rpc.ts";

interface Kept extends vscode.ChatResult {
  readonly metadata: { readonly chatId: string };
}

export function registerParticipant(server: Server): vscode.Disposable {
  const participant = vscode.chat.createChatParticipant("maestro.chat", (request, context, response, token) =>
    answer(server, request, context, response, token),
  );
  participant.iconPath = new vscode.ThemeIcon("comment-discussion");
  return participant;
}

async function answer(
  server: Server,
  request: vscode.ChatRequest,
  context: vscode.ChatContext,
  response: vscode.ChatResponseStream,
  token: vscode.CancellationToken,
): Promise<Partial<Kept>> {
  const chatId = chatOf(context);
  const input: InputPart[] = [{ type: "text", text: request.prompt }, ...request.references.flatMap(attached)];
  try {
    const params = chatId === undefined ? { input } : { input, chatId };
    const result = await server.stream("maestro/chat/send", params, (event) => tell(event, response), token);
    return { metadata: { chatId: result.chatId } };
  } catch (error) {
    return { ...(chatId === undefined ? {} : { metadata: { chatId } }), errorDetails: { message: sentence(error) } };
  }
}

/** The chat that this conversation has been so far. */
function chatOf(context: vscode.ChatContext): string | undefined {
  const results = context.history.filter((turn) => turn instanceof vscode.ChatResponseTurn).map((turn) => turn.result);
  return results.map((result) => (result as Partial<Kept>).metadata?.chatId).findLast((id) => id !== undefined);
}

function attached({ value }: vscode.ChatPromptReference): InputPart[] {
  if (value instanceof vscode.Uri) return [{ type: "file", uri: value.toString() }];
  if (!(value instanceof vscode.Location)) return [];
  const { start, end } = value.range;
  const range = {
    start: { line: start.line, character: start.character },
    end: { line: end.line, character: end.character },
  };
  return [{ type: "selection", uri: value.uri.toString(), range }];
}

function tell(event: TurnEvent, response: vscode.ChatResponseStream): void {
  if (event.type === "text.delta") response.markdown(event.text);
  else if (event.type === "tool.ready") response.progress(event.name);
  else if (event.type === "retrying") response.progress(event.error.message);
  else if (event.type === "notice") response.markdown(`\n\n> ${event.message}\n\n`);
}
