// What can be put into the context.
import * as vscode from "vscode";
import type { Server } from "../rpc.ts";

export function contextCommands(server: Server, chatId: () => string | undefined): Record<string, (uri?: vscode.Uri, chosen?: readonly vscode.Uri[]) => Promise<void>> {
  const scope = () => {
    const id = chatId();
    return id === undefined ? ({ scope: "workspace" } as const) : ({ scope: "chat", chatId: id } as const);
  };
  return {
    showContext: async () => void (await vscode.commands.executeCommand("maestro.context.focus")),
    addFile: async (uri, chosen) => {
      const place = scope();
      const named = uri instanceof vscode.Uri ? (chosen ?? [uri]) : await vscode.window.showOpenDialog({ canSelectMany: true });
      for (const each of named ?? []) {
        await server.request("maestro/context/add", { ...place, source: "file", uri: each.toString() });
      }
    },
    addSelection: async () => {
      const editor = vscode.window.activeTextEditor;
      if (!editor || editor.selection.isEmpty) return;
      const { start, end } = editor.selection;
      const range = {
        start: { line: start.line, character: start.character },
        end: { line: end.line, character: end.character },
      };
      const uri = editor.document.uri.toString();
      await server.request("maestro/context/add", { ...scope(), source: "selection", uri, range });
    },
  };
}
