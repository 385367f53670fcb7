// What can be done with chats besides talking.
import * as vscode from "vscode";
import type { Server } from "../rpc.ts";
import type { ChatPanel } from "./panel.ts";

export function chatCommands(server: Server, panel: ChatPanel): Record<string, () => Promise<void>> {
  const withChat = (work: (chatId: string) => Promise<unknown>) => async (): Promise<void> => {
    const { chatId } = panel.conversation;
    if (chatId !== undefined) await work(chatId);
  };
  return {
    newChat: async () => {
      await panel.open();
      await panel.focus();
    },
    openChat: () => openChat(server, panel),
    renameChat: withChat((chatId) => rename(server, panel, chatId)),
    exportChat: withChat((chatId) => exportChat(server, chatId)),
    deleteChat: withChat((chatId) => deleteChat(server, panel, chatId)),
    compactChat: withChat((chatId) => server.request("maestro/chat/compact", { chatId })),
    stopTurn: () => panel.conversation.stop(),
    selectModel: () => selectModel(server, panel),
  };
}

/** Choose among all chats, found by the words of any message. */
function openChat(server: Server, panel: ChatPanel): Promise<void> {
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { chatId: string }>();
  pick.placeholder = vscode.l10n.t("Open which chat? Type words of it.");
  const find = async (query: string): Promise<void> => {
    const { chats } = await server.request("maestro/chat/list", query ? { query } : {});
    pick.items = chats.map((chat) => ({
      label: chat.title,
      description: new Date(chat.updatedAt).toLocaleString(),
      alwaysShow: true,
      chatId: chat.id,
    }));
  };
  pick.onDidChangeValue((query) => find(query).catch(() => undefined));
  pick.show();
  void find("").catch(() => undefined);
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      const chosen = pick.selectedItems[0];
      pick.hide();
      if (chosen) void panel.open(chosen.chatId).then(() => panel.focus());
    });
    pick.onDidHide(() => {
      pick.dispose();
      resolve();
    });
  });
}

async function rename(server: Server, panel: ChatPanel, chatId: string): Promise<void> {
  const value = panel.conversation.chat?.title ?? "";
  const title = await vscode.window.showInputBox({ prompt: vscode.l10n.t("The chat's title"), value });
  if (title) await server.request("maestro/chat/update", { chatId, title });
}

async function exportChat(server: Server, chatId: string): Promise<void> {
  const { content } = await server.request("maestro/chat/export", { chatId, format: "markdown" });
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content, language: "markdown" }));
}

async function deleteChat(server: Server, panel: ChatPanel, chatId: string): Promise<void> {
  const yes = vscode.l10n.t("Delete");
  const question = vscode.l10n.t("Delete this chat with all it holds?");
  if ((await vscode.window.showWarningMessage(question, { modal: true }, yes)) !== yes) return;
  await server.request("maestro/chat/delete", { chatId });
  await panel.open();
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
