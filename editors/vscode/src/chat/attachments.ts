// What goes along with the next message.
import * as vscode from "vscode";
import type { InputPart } from "../protocol.ts";
import type { Attachment } from "./messages.ts";

interface Held extends Attachment {
  readonly part: InputPart;
}

export class Attachments {
  private held: Held[] = [];
  private next = 0;
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  get all(): readonly Attachment[] {
    return this.held.map(({ id, label }) => ({ id, label }));
  }

  add(part: InputPart, label: string): void {
    this.next += 1;
    this.held.push({ id: String(this.next), label, part });
    this.changed();
  }

  remove(id: string): void {
    this.held = this.held.filter((each) => each.id !== id);
    this.changed();
  }

  /** All of them; none are left. */
  take(): InputPart[] {
    const parts = this.held.map(({ part }) => part);
    this.held = [];
    this.changed();
    return parts;
  }

  /** Let somebody choose among what is open, and files. */
  async choose(): Promise<void> {
    const items = [...fromEditor(), ...openFiles()];
    const other = { label: vscode.l10n.t("Another file…"), part: undefined };
    const placeHolder = vscode.l10n.t("Attach what?");
    const chosen = await vscode.window.showQuickPick<{ label: string; part: InputPart | undefined }>([...items, other], { placeHolder });
    if (chosen?.part) this.add(chosen.part, chosen.label);
    else if (chosen) await this.chooseFile();
  }

  private async chooseFile(): Promise<void> {
    for (const uri of (await vscode.window.showOpenDialog({ canSelectMany: true })) ?? []) {
      this.add({ type: "file", uri: uri.toString() }, vscode.workspace.asRelativePath(uri));
    }
  }
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
