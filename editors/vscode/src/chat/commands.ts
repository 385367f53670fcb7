// What can be done with chats besides talking.
import * as vscode from "vscode";
import type { Server } from "../rpc.ts";
import { fork, type Place, takeBack, tryAgain } from "./branches.ts";
import { findChat } from "./find.ts";
import type { ChatPanel } from "./panel.ts";

export function chatCommands(server: Server, panel: ChatPanel): Record<string, (given?: never) => Promise<void>> {
  const withChat = (work: (chatId: string) => Promise<unknown>) => async (): Promise<void> => {
    const { chatId } = panel.conversation;
    if (chatId !== undefined) await work(chatId);
  };
  return {
    newChat: async () => {
      await panel.open();
      await panel.focus();
    },
    openChat: async () => {
      const chatId = await findChat(server);
      if (chatId === undefined) return;
      await panel.open(chatId);
      await panel.focus();
    },
    renameChat: withChat((chatId) => rename(server, panel, chatId)),
    exportChat: withChat((chatId) => exportChat(server, chatId)),
    deleteChat: withChat((chatId) => deleteChat(server, panel, chatId)),
    compactChat: withChat((chatId) => compact(server, chatId)),
    forkChat: (place?: Place) => fork(server, panel, place),
    takeBack: (place?: Place) => takeBack(server, panel, place),
    tryAgain: () => tryAgain(server, panel),
    stopTurn: () => panel.conversation.stop(),
    applyChange: (uri?: vscode.Uri) => panel.changes.apply(uri),
    discardChange: (uri?: vscode.Uri) => panel.changes.discard(uri),
    selectModel: () => selectModel(server, panel),
  };
}

async function rename(server: Server, panel: ChatPanel, chatId: string): Promise<void> {
  const value = panel.conversation.chat?.title ?? "";
  const title = await vscode.window.showInputBox({ prompt: vscode.l10n.t("The chat's title"), value });
  if (title) await server.request("maestro/chat/update", { chatId, title });
}

async function exportChat(server: Server, chatId: string): Promise<void> {
  const items = [
    { label: "Markdown", description: vscode.l10n.t("to read"), format: "markdown" as const },
    { label: "JSON", description: vscode.l10n.t("with all that belongs to it"), format: "json" as const },
  ];
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t("Export as what?") });
  if (!chosen) return;
  const { content } = await server.request("maestro/chat/export", { chatId, format: chosen.format });
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content, language: chosen.format }));
}

async function compact(server: Server, chatId: string): Promise<void> {
  const { t } = vscode.l10n;
  const options = { location: vscode.ProgressLocation.Notification, title: t("Older turns are summarised…"), cancellable: true };
  const result = await vscode.window.withProgress(options, (_progress, token) => server.request("maestro/chat/compact", { chatId }, token));
  const told = result.summaryId === undefined
    ? t("Nothing was old enough to be summarised.")
    : t("A summary takes the place of {0} chunks: {1} tokens, before {2}.", result.replaced.length, result.tokensAfter, result.tokensBefore);
  void vscode.window.showInformationMessage(told);
}

async function deleteChat(server: Server, panel: ChatPanel, chatId: string): Promise<void> {
  const yes = vscode.l10n.t("Delete");
  const question = vscode.l10n.t("Delete this chat with all it holds?");
  if ((await vscode.window.showWarningMessage(question, { modal: true }, yes)) !== yes) return;
  await server.request("maestro/chat/delete", { chatId });
  if (panel.conversation.chatId === chatId) await panel.open();
}

async function selectModel(server: Server, panel: ChatPanel): Promise<void> {
  const listing = server.request("maestro/model/list", {}).then(({ models }) =>
    models.map((model) => ({
      label: model.label ?? model.name,
      description: model.id,
      picked: model.id === panel.model,
    })),
  );
  const placeHolder = vscode.l10n.t("Answered by which model?");
  const chosen = await vscode.window.showQuickPick(listing, { placeHolder, matchOnDescription: true });
  if (chosen) await panel.useModel(chosen.description);
}
