// What can be done with code and links of an answer.
import * as vscode from "vscode";
import type { Changes } from "./changes.ts";
import { isAddress, placeOf } from "./links.ts";

const WITHOUT_FILE = ["untitled", "vscode-notebook-cell"];

/** Where code of the chat goes: the editor somebody is in, or else one that is seen, if it shows a text to be written. */
export function target(): vscode.TextEditor | undefined {
  const written = ({ document: { uri } }: vscode.TextEditor): boolean =>
    WITHOUT_FILE.includes(uri.scheme) || vscode.workspace.fs.isWritableFileSystem(uri.scheme) === true;
  const { activeTextEditor, visibleTextEditors } = vscode.window;
  return activeTextEditor && written(activeTextEditor) ? activeTextEditor : visibleTextEditors.find(written);
}

/** Put it where the cursor is. */
export async function insertCode(code: string): Promise<void> {
  const editor = target();
  if (!editor) return void vscode.window.showInformationMessage(vscode.l10n.t("Open a file to insert it into."));
  const { version } = editor.document;
  const done = await editor.edit((edit) => edit.replace(editor.selection, code));
  // An editor that may not be written to takes the edit and does nothing.
  if (!done || editor.document.version === version) throw new Error(vscode.l10n.t("The file cannot be changed."));
}

/** Show what it would change: what is selected; else somebody says where it goes. */
export async function applyCode(changes: Changes, code: string, language: string): Promise<void> {
  const { t } = vscode.l10n;
  const editor = target();
  if (!editor) return newFile(code, language);
  const { document, selection } = editor;
  if (!selection.isEmpty) return changes.show(document, selection, code);
  const name = vscode.workspace.asRelativePath(document.uri);
  const places = [
    { label: t("At the cursor in {0}, line {1}", name, selection.start.line + 1), show: () => changes.show(document, selection, code) },
    { label: t("In place of all of {0}", name), show: () => changes.show(document, whole(document), code) },
    { label: t("In a new file"), show: () => newFile(code, language) },
  ];
  await (await vscode.window.showQuickPick(places, { placeHolder: t("Nothing is selected. Apply it where?") }))?.show();
}

function whole(document: vscode.TextDocument): vscode.Range {
  return document.validateRange(new vscode.Range(0, 0, document.lineCount, 0));
}

async function newFile(content: string, name: string): Promise<void> {
  const known = await vscode.languages.getLanguages();
  const language = known.find((each) => each === name.toLowerCase());
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content, ...(language ? { language } : {}) }));
}

/** Open an address in the browser, or a file of the workspace, as `src/a.py:12`; nothing else. */
export async function openLink(href: string): Promise<void> {
  if (isAddress(href)) return void vscode.env.openExternal(vscode.Uri.parse(href));
  const place = placeOf(href);
  const uri = place && (await fileOf(place.path));
  if (!uri) throw new Error(vscode.l10n.t("There is no such file in this folder: {0}", place?.path ?? href));
  const selection = new vscode.Range(place.line, place.column, place.line, place.column);
  await vscode.commands.executeCommand("vscode.open", uri, { selection });
}

/** A file that is there, in one of the workspace's folders; a path may also be a whole one. */
async function fileOf(path: string): Promise<vscode.Uri | undefined> {
  for (const { uri: folder } of vscode.workspace.workspaceFolders ?? []) {
    const uri = path.startsWith("/") ? folder.with({ path }) : vscode.Uri.joinPath(folder, path);
    const file = uri.path.startsWith(`${folder.path}/`) && (await Promise.resolve(vscode.workspace.fs.stat(uri)).catch(() => undefined));
    if (file) return uri;
  }
  return undefined;
}
