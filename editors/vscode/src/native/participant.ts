// `@maestro` in the editor's own chat: each of its conversations is one of ours.
import * as vscode from "vscode";
import { isKind, sentence } from "../errors.ts";
import type { ChatSendResult, TurnEvent } from "../protocol.ts";
import type { Params, Server } from "../rpc.ts";
import { attached } from "./references.ts";

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
  let chatId = chatOf(context);
  try {
    const references = await Promise.all(request.references.map(attached));
    const input = [...(request.prompt ? [{ type: "text" as const, text: request.prompt }] : []), ...references.flat()];
    const params = { input, ...pickedModel(request), ...(chatId === undefined ? {} : { chatId }) };
    const heard = (event: TurnEvent): void => {
      chatId = event.chatId;
      tell(event, response);
    };
    const result = await send(server, params, heard, token);
    return { metadata: { chatId: result.chatId } };
  } catch (error) {
    return { ...(chatId === undefined ? {} : { metadata: { chatId } }), errorDetails: { message: sentence(error) } };
  }
}

/** Of a chat that somebody deleted meanwhile, the conversation goes on in another. */
async function send(
  server: Server,
  params: Params<"maestro/chat/send">,
  heard: (event: TurnEvent) => void,
  token: vscode.CancellationToken,
): Promise<ChatSendResult> {
  try {
    return await server.stream("maestro/chat/send", params, heard, token);
  } catch (error) {
    const { chatId, ...anew } = params;
    if (chatId === undefined || !isKind(error, "chatNotFound")) throw error;
    return server.stream("maestro/chat/send", anew, heard, token);
  }
}

/** The model of the picker, if it is one of ours; with another's nobody here can answer. */
function pickedModel({ model }: vscode.ChatRequest): { model?: string } {
  return model?.vendor === "maestro" ? { model: model.id } : {};
}

/** The chat that this conversation has been so far. */
function chatOf(context: vscode.ChatContext): string | undefined {
  const results = context.history.filter((turn) => turn instanceof vscode.ChatResponseTurn).map((turn) => turn.result);
  return results.map((result) => (result as Partial<Kept>).metadata?.chatId).findLast((id) => id !== undefined);
}

function tell(event: TurnEvent, response: vscode.ChatResponseStream): void {
  if (event.type === "text.delta") response.markdown(event.text);
  else if (event.type === "tool.ready") response.progress(event.name);
  else if (event.type === "retrying") response.progress(event.error.message);
  else if (event.type === "notice") response.markdown(`\n\n> ${event.message}\n\n`);
}
