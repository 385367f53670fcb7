// What the suites share: the extension, waiting for what must happen, and what the model was sent.
import { readFileSync, readdirSync } from "node:fs";
import * as vscode from "vscode";
import type { Exported } from "../../../../editors/vscode/src/extension.ts";
import type { State } from "../../../../editors/vscode/src/server/state.ts";

const DEADLINE_MS = 20_000;

/** The extension, its server running. */
export async function maestro(): Promise<Exported> {
  const extension = vscode.extensions.getExtension<Exported>("the-maestro.maestro");
  if (!extension) throw new Error("the extension is not installed");
  const exported = await extension.activate();
  await becomes(exported, "running");
  return exported;
}

/** Wait for the server to be in a state. */
export function becomes({ server }: Exported, kind: State["kind"]): Promise<void> {
  return until(
    (again) => server.onDidChangeState(again),
    () => server.state.kind === kind,
    `the server to be ${kind}; it is ${server.state.kind}`,
  );
}

/** Wait until something holds, asked again whenever an event says that it may. */
export function until(
  listen: (again: () => void) => vscode.Disposable,
  holds: () => boolean,
  what: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (work: () => void): void => {
      clearTimeout(timer);
      listening.dispose();
      work();
    };
    const timer = setTimeout(() => end(() => reject(new Error(`waited for ${what}`))), DEADLINE_MS);
    const listening = listen(() => holds() && end(resolve));
    if (holds()) end(resolve);
  });
}

/** Ask again and again until something holds of which no event tells. */
export async function eventually(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The bodies of all requests the model got. */
export async function requests(): Promise<string[]> {
  return (await (await fetch(process.env["TESTS_REQUESTS"] ?? "")).json()) as string[];
}

/** Accept what the fields of this work say, of which nothing tells when they are open, until it is done. */
export async function accepting(work: Thenable<unknown>): Promise<void> {
  let done = false;
  void work.then(() => (done = true));
  await eventually(async () => {
    await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
    return done;
  }, "the end of it");
}

/** Open a file of the folder in an editor. */
export async function open(name: string): Promise<vscode.TextEditor> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  if (!folder) throw new Error("no folder is open");
  return vscode.window.showTextDocument(vscode.Uri.joinPath(folder, name));
}

/** Give a document another text. */
export async function write(document: vscode.TextDocument, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), text);
  await vscode.workspace.applyEdit(edit);
}

/** The processes of our server that this extension host started. */
export function serverProcesses(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === process.pid && read(`/proc/${pid}/cmdline`).includes("--stdio"));
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
