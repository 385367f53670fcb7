// What goes along with the next message.
import * as vscode from "vscode";
import type { InputPart } from "../protocol.ts";
import type { Held } from "./drafts.ts";

const MOST_FILES = 50;

export class Attachments {
  private held: Held[] = [];
  private next = 0;
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  get all(): readonly Held[] {
    return this.held;
  }

  add(part: InputPart, label: string): void {
    this.held = [...this.held, this.named(part, label)];
    this.changed();
  }

  /** An image has no name, but a number. */
  addImage(mimeType: string, data: string): void {
    const names = new Set(this.held.map(({ label }) => label));
    let number = 1;
    while (names.has(vscode.l10n.t("Image {0}", number))) number += 1;
    this.add({ type: "image", mimeType, data }, vscode.l10n.t("Image {0}", number));
  }

  addFile(uri: vscode.Uri): void {
    this.add({ type: "file", uri: uri.toString() }, vscode.workspace.asRelativePath(uri));
  }

  remove(id: string): void {
    this.held = this.held.filter((each) => each.id !== id);
    this.changed();
  }

  /** These in place of those, which are another chat's. */
  use(held: readonly Held[]): void {
    this.held = held.map(({ label, part }) => this.named(part, label));
    this.changed();
  }

  /** All of them; none are left. */
  take(): readonly Held[] {
    const taken = this.held;
    this.held = [];
    this.changed();
    return taken;
  }

  /** Those that were taken, before what was attached since. */
  giveBack(taken: readonly Held[]): void {
    this.held = [...taken.map(({ label, part }) => this.named(part, label)), ...this.held];
    this.changed();
  }

  /** Let somebody choose among what is open, files, and the files of a folder. */
  async choose(): Promise<void> {
    const { t } = vscode.l10n;
    const items: Offer[] = [
      ...[...fromEditor(), ...openFiles()].map(({ label, part }) => ({ label, attach: async () => this.add(part, label) })),
      { label: t("Another file…"), attach: () => this.chooseFiles() },
      { label: t("The files of a folder…"), attach: () => this.chooseFolder() },
    ];
    await (await vscode.window.showQuickPick(items, { placeHolder: t("Attach what?") }))?.attach();
  }

  /** Files and folders, of these their files; not more than can be looked through. */
  async addFiles(uris: readonly vscode.Uri[]): Promise<void> {
    const found = (await Promise.all(uris.map(filesOf))).flat();
    for (const uri of found.slice(0, MOST_FILES)) this.addFile(uri);
    if (found.length <= MOST_FILES) return;
    void vscode.window.showInformationMessage(vscode.l10n.t("Only the first {0} files were attached.", MOST_FILES));
  }

  private named(part: InputPart, label: string): Held {
    this.next += 1;
    return { id: String(this.next), label, part };
  }

  private async chooseFiles(): Promise<void> {
    await this.addFiles((await vscode.window.showOpenDialog({ canSelectMany: true })) ?? []);
  }

  private async chooseFolder(): Promise<void> {
    await this.addFiles((await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false })) ?? []);
  }
}

interface Offer extends vscode.QuickPickItem {
  readonly attach: () => Promise<void>;
}

async function filesOf(uri: vscode.Uri): Promise<vscode.Uri[]> {
  const { type } = await vscode.workspace.fs.stat(uri);
  if ((type & vscode.FileType.Directory) === 0) return [uri];
  return (await vscode.workspace.findFiles(new vscode.RelativePattern(uri, "**"), undefined, MOST_FILES + 1)).sort();
}

/** The selection of the active editor, and the findings in its document. */
function fromEditor(): { label: string; part: InputPart }[] {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return [];
  const uri = editor.document.uri.toString();
  const name = vscode.workspace.asRelativePath(editor.document.uri);
  const { start, end, isEmpty } = editor.selection;
  const selection = {
    label: vscode.l10n.t("Selection in {0}, lines {1} to {2}", name, start.line + 1, end.line + 1),
    part: { type: "selection", uri, range: { start: place(start), end: place(end) } } as const,
  };
  const findings = { label: vscode.l10n.t("Findings in {0}", name), part: { type: "diagnostics", uri } as const };
  return isEmpty ? [findings] : [selection, findings];
}

function openFiles(): { label: string; part: InputPart }[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .map((tab) => tab.input)
    .filter((input) => input instanceof vscode.TabInputText)
    .map(({ uri }) => ({ label: vscode.workspace.asRelativePath(uri), part: { type: "file", uri: uri.toString() } as const }));
}

function place({ line, character }: vscode.Position): { line: number; character: number } {
  return { line, character };
}
