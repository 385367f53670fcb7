// What can be done with code and links of an answer.
import * as vscode from "vscode";

/** Put it where the cursor is. */
export async function insertCode(code: string): Promise<void> {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  if (!editor) return void vscode.window.showInformationMessage(vscode.l10n.t("Open a file to insert it into."));
  await editor.edit((edit) => edit.replace(editor.selection, code));
}

/**
 * Replace the selection, or the whole document, after the changes were looked at: the edit needs a confirmation, so the
 * editor shows its preview.
 */
export async function applyCode(code: string): Promise<void> {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  if (!editor) return void vscode.window.showInformationMessage(vscode.l10n.t("Open the file to apply it to."));
  const { document, selection } = editor;
  const whole = new vscode.Range(new vscode.Position(0, 0), document.lineAt(document.lineCount - 1).range.end);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, selection.isEmpty ? whole : selection, code, {
    needsConfirmation: true,
    label: vscode.l10n.t("Code from the chat"),
  });
  await vscode.workspace.applyEdit(edit);
}

/** Open an address in the browser, or a file of the workspace, as `src/a.py:12`; nothing else. */
export async function openLink(href: string): Promise<void> {
  if (/^(https?|mailto):/.test(href)) return void vscode.env.openExternal(vscode.Uri.parse(href));
  const [, path = "", line] = /^([^:#?]+)(?:[:#]L?(\d+))?/.exec(decodeURI(href)) ?? [];
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  if (!folder || !path || path.split(/[/\\]/).includes("..")) return;
  const at = Math.max(0, Number(line ?? 1) - 1);
  const selection = new vscode.Range(at, 0, at, 0);
  await vscode.commands.executeCommand("vscode.open", vscode.Uri.joinPath(folder, path), { selection });
}
