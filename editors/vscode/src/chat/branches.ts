// To go on from an earlier place of a chat: in another chat, or in the same without what came after.
import * as vscode from "vscode";
import type { Server } from "../rpc.ts";
import { clipped, plain } from "../text.ts";
import { attachedTo } from "./attached.ts";
import type { Conversation } from "./conversation.ts";
import type { Held } from "./drafts.ts";
import type { ChatPanel } from "./panel.ts";
import type { Turn } from "./view.ts";

/** What a menu on the page says of its turn. */
export interface Place {
  readonly turnId?: string;
}

/** Begin another chat with all through the turn, and show it. */
export async function fork(server: Server, panel: ChatPanel, place?: Place): Promise<void> {
  const { chatId, view } = panel.conversation;
  const turn = await chosen(view.turns, place, vscode.l10n.t("Fork after which turn?"));
  if (chatId === undefined || !turn) return;
  const next = view.turns[view.turns.indexOf(turn) + 1];
  const throughMessageId = await lastBefore(server, chatId, next?.user?.id);
  if (throughMessageId === undefined) return;
  const { id } = await server.request("maestro/chat/fork", { chatId, throughMessageId });
  await panel.open(id);
  await panel.focus();
}

/** Take the turn back with all that came after it; its words stand in the field again. */
export async function takeBack(server: Server, panel: ChatPanel, place?: Place): Promise<void> {
  const { conversation } = panel;
  const turn = await chosen(conversation.view.turns, place, vscode.l10n.t("Take back from which turn on?"));
  if (!turn || !(await agreed(conversation.view.turns, turn))) return;
  const along = await alongWith(server, conversation, turn);
  if (!(await without(server, panel, conversation, turn))) return;
  panel.conversation.giveBack({ text: turn.user?.text ?? "", attached: along });
}

/** Take the last turn back, and say its words again. */
export async function tryAgain(server: Server, panel: ChatPanel): Promise<void> {
  const { conversation } = panel;
  const turn = conversation.view.turns.at(-1);
  if (!turn || conversation.busy || !(await agreed(conversation.view.turns, turn))) return;
  const along = await alongWith(server, conversation, turn);
  if (!(await without(server, panel, conversation, turn))) return;
  await panel.send(turn.user?.text ?? "", along);
}

async function alongWith(server: Server, { chatId, view }: Conversation, turn: Turn): Promise<Held[]> {
  if (chatId === undefined) return [];
  return attachedTo(server, chatId, view.turns, turn, (number) => vscode.l10n.t("Image {0}", number));
}

/** The chat ends before the turn; in place of one without anything another begins. False if there is nothing to be done. */
async function without(server: Server, panel: ChatPanel, conversation: Conversation, turn: Turn): Promise<boolean> {
  const { chatId } = conversation;
  if (chatId === undefined || turn.user?.id === undefined) return false;
  const throughMessageId = await lastBefore(server, chatId, turn.user.id);
  if (conversation !== panel.conversation) return false;
  if (throughMessageId === undefined) await panel.open();
  else await conversation.revert(throughMessageId);
  conversation.fail(undefined);
  return true;
}

/** Nobody takes back an answer by mistake: that cannot be undone. A turn that came to nothing is not asked about. */
async function agreed(turns: readonly Turn[], from: Turn): Promise<boolean> {
  const { t } = vscode.l10n;
  const going = turns.slice(turns.indexOf(from));
  if (going.length === 1 && !from.parts.some(({ type }) => type === "text" || type === "tool")) return true;
  const label = going.length === 1 ? t("Take back the last turn") : t("Take back {0} turns", going.length);
  const placeHolder = t("This cannot be undone. What tools changed stays changed.");
  return (await vscode.window.showQuickPick([{ label, iconPath: new vscode.ThemeIcon("discard") }], { placeHolder })) !== undefined;
}

/** The message before this one, or the last of all. */
async function lastBefore(server: Server, chatId: string, before: string | undefined): Promise<string | undefined> {
  const { messages } = await server.request("maestro/chat/get", { chatId, limit: 1, ...(before === undefined ? {} : { before }) });
  return messages.at(-1)?.id;
}

async function chosen(turns: readonly Turn[], place: Place | undefined, placeHolder: string): Promise<Turn | undefined> {
  if (place?.turnId !== undefined) return turns.find(({ id }) => id === place.turnId);
  const items = turns.map((turn) => ({ label: clipped(plain(turn.user?.text ?? "").replace(/\s+/g, " "), 100), turn }));
  return (await vscode.window.showQuickPick(items.reverse(), { placeHolder }))?.turn;
}
