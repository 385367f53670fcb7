// Texts to read in an editor, which nobody is asked to save.
import * as vscode from "vscode";

const SCHEME = "maestro-text";
const texts = new Map<string, string>();
let next = 0;

export function provideTexts(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, { provideTextDocumentContent: (uri) => texts.get(uri.toString()) }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => texts.delete(uri.toString())),
  );
}

/** Show it; the name's ending says what language it is in. */
export async function showText(name: string, text: string): Promise<void> {
  next += 1;
  const uri = vscode.Uri.from({ scheme: SCHEME, path: name, query: String(next) });
  texts.set(uri.toString(), text);
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
}
