// Code of an answer as a change of a file: shown beside what the file is now, and made when somebody agrees.
import * as vscode from "vscode";

export const SCHEME = "maestro-change";

interface Change {
  readonly target: vscode.Uri;
  readonly range: vscode.Range;
  readonly code: string;
  /** The text that the change was made for, and what it becomes. */
  readonly before: string;
  readonly after: string;
}

export class Changes implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changes = new Map<string, Change>();
  private readonly disposables: vscode.Disposable[];
  private next = 0;

  /** Changes do not outlive the window; what it restored of them shows nothing. */
  constructor() {
    this.disposables = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.changes.delete(uri.toString())),
    ];
    void vscode.window.tabGroups.close(tabsOf());
  }

  /** Show what becomes of the document when this range of it is replaced by the code. */
  async show(document: vscode.TextDocument, range: vscode.Range, code: string): Promise<void> {
    const before = document.getText();
    const fitted = code.replace(/\r?\n/g, document.eol === vscode.EndOfLine.CRLF ? "\r\n" : "\n");
    const after = before.slice(0, document.offsetAt(range.start)) + fitted + before.slice(document.offsetAt(range.end));
    this.next += 1;
    const uri = document.uri.with({ scheme: SCHEME, query: String(this.next) });
    this.changes.set(uri.toString(), { target: document.uri, range, code: fitted, before, after });
    const title = vscode.l10n.t("{0} with the code from the chat", vscode.workspace.asRelativePath(document.uri));
    await vscode.commands.executeCommand("vscode.diff", document.uri, uri, title, { preview: true });
  }

  /** Make the change that is shown there, or in the active editor, and go to what it changed. */
  async apply(uri = shown()): Promise<void> {
    const change = uri && this.changes.get(uri.toString());
    if (!change) throw new Error(vscode.l10n.t("There is no change to apply. Choose Apply… in the chat again."));
    const document = await vscode.workspace.openTextDocument(change.target);
    if (document.getText() !== change.before) {
      throw new Error(vscode.l10n.t("The file has changed meanwhile. Choose Apply… in the chat again."));
    }
    const edit = new vscode.WorkspaceEdit();
    edit.replace(change.target, change.range, change.code);
    const done = await vscode.workspace.applyEdit(edit);
    if (!done || document.getText() !== change.after) throw new Error(vscode.l10n.t("The file cannot be changed."));
    await this.discard(uri);
    await vscode.window.showTextDocument(document, { preview: false, selection: new vscode.Range(change.range.start, change.range.start) });
  }

  async discard(uri = shown()): Promise<void> {
    if (uri) await vscode.window.tabGroups.close(tabsOf(uri));
  }

  provideTextDocumentContent(uri: vscode.Uri): string | undefined {
    return this.changes.get(uri.toString())?.after;
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }
}

function shown(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputTextDiff && input.modified.scheme === SCHEME ? input.modified : undefined;
}

function tabsOf(uri?: vscode.Uri): vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ input }) => input instanceof vscode.TabInputTextDiff && input.modified.scheme === SCHEME)
    .filter(({ input }) => uri === undefined || (input as vscode.TabInputTextDiff).modified.toString() === uri.toString());
}
