// Messages that the server has shown, without links in them; a question ends when the server no longer waits.
import * as vscode from "vscode";
import { type MessageActionItem, MessageType, type ShowMessageParams, type ShowMessageRequestParams } from "vscode-languageclient/node";
import { ask } from "../support/toast.ts";
import { inert } from "../text.ts";

export function say({ type, message }: ShowMessageParams): void {
  void shower(type)(inert(message));
}

/** Ask; a message with a single action is none that somebody waits for. */
export async function choose({ type, message, actions = [] }: ShowMessageRequestParams, token: vscode.CancellationToken): Promise<MessageActionItem | null> {
  if (actions.length < 2) {
    const chosen = await shower(type)(inert(message), ...actions.map(({ title }) => title));
    return actions.find(({ title }) => title === chosen) ?? null;
  }
  const settled = new Promise<void>((resolve) => token.onCancellationRequested(() => resolve()));
  const chosen = await ask(settled, message, actions.map(({ title }) => title));
  return chosen === undefined ? null : (actions[chosen] ?? null);
}

function shower(type: MessageType): (message: string, ...titles: string[]) => Thenable<string | undefined> {
  if (type === MessageType.Error) return vscode.window.showErrorMessage;
  return type === MessageType.Warning ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
}
