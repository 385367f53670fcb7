// Shows the ledger of intents.
import * as vscode from "vscode";
import { showText } from "../editor/texts.ts";
import type { Server } from "../rpc.ts";
import { page } from "./page.ts";
import { words } from "./words.ts";

const MOST = 1000;

interface Choice extends vscode.QuickPickItem {
  readonly of: { readonly chatId?: string; readonly mismatched?: boolean };
}

/** Let somebody choose which, and show them. */
export async function showIntents(server: Server, chatId: string | undefined): Promise<void> {
  const { t } = vscode.l10n;
  const choices: Choice[] = [
    ...(chatId === undefined ? [] : [{ label: t("Of this chat"), of: { chatId } }]),
    { label: t("Of all chats"), of: {} },
    { label: t("What went outside its scope"), of: { mismatched: true } },
  ];
  const chosen = await vscode.window.showQuickPick(choices, { placeHolder: t("Show which intents?") });
  if (!chosen) return;
  const [{ intents, nextCursor }, verified] = await Promise.all([
    server.request("maestro/intent/list", { ...chosen.of, limit: MOST }),
    server.request("maestro/intent/verify", {}),
  ]);
  const told = words();
  await showText(`${told.title}.md`, page(intents, verified, nextCursor !== undefined, told));
}
