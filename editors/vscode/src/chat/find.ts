// Choose among all chats, found by the words of any message.
import * as vscode from "vscode";
import { sentence } from "../errors.ts";
import type { Chat } from "../protocol.ts";
import type { Server } from "../rpc.ts";

interface Item extends vscode.QuickPickItem {
  readonly chatId?: string;
}

/** The id of the chat that was chosen. */
export async function findChat(server: Server): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick<Item>();
  pick.placeholder = vscode.l10n.t("Open which chat? Type words of it.");
  let latest = 0;
  const find = async (query: string): Promise<void> => {
    const mine = (latest += 1);
    pick.busy = true;
    const items = await found(server, query);
    if (mine !== latest) return;
    pick.items = items;
    pick.busy = false;
  };
  pick.onDidChangeValue(find);
  pick.show();
  void find("");
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      resolve(pick.selectedItems[0]?.chatId);
      pick.hide();
    });
    pick.onDidHide(() => {
      latest += 1;
      pick.dispose();
      resolve(undefined);
    });
  });
}

/** What the list shows; that nothing can be found is said there too. */
async function found(server: Server, query: string): Promise<Item[]> {
  try {
    const { chats } = await server.request("maestro/chat/list", query ? { query } : {});
    return chats.map(item);
  } catch (error) {
    return [{ label: sentence(error), alwaysShow: true }];
  }
}

function item({ id, title, updatedAt }: Chat): Item {
  return { label: title, description: new Date(updatedAt).toLocaleString(), alwaysShow: true, chatId: id };
}
