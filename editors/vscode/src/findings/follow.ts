// Keeps the findings up to what happens to documents and files.
import * as vscode from "vscode";
import type { FindingsTree } from "./tree.ts";

const QUIET_MS = 300;
/** Changes of files are told to the server in batches, after a while. */
const FILES_MS = 1_000;

let watcher: vscode.FileSystemWatcher | undefined;

/** What the server hears of files that nobody has open; new ones have no findings. One for all servers. */
export function fileEvents(): vscode.FileSystemWatcher {
  return (watcher ??= vscode.workspace.createFileSystemWatcher("**/*", true));
}

/** Findings come as diagnostics first, and go with their files; the tree asks anew when it has been quiet for a moment. */
export function followFindings(tree: FindingsTree): vscode.Disposable {
  const diagnostics = quiet(QUIET_MS, () => tree.renew());
  const files = quiet(FILES_MS, () => tree.renew());
  const gone = (uris: readonly vscode.Uri[]): void => void (uris.some((uri) => tree.isAbout(uri)) && files.soon());
  return vscode.Disposable.from(
    diagnostics,
    files,
    fileEvents(),
    fileEvents().onDidDelete((uri) => gone([uri])),
    vscode.workspace.onDidRenameFiles((event) => gone(event.files.map(({ oldUri }) => oldUri))),
    vscode.languages.onDidChangeDiagnostics(diagnostics.soon),
  );
}

/** Does it once `soon` has not been called for so long. */
function quiet(ms: number, work: () => Promise<void>): vscode.Disposable & { readonly soon: () => void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    soon: () => {
      clearTimeout(timer);
      timer = setTimeout(() => void work(), ms);
    },
    dispose: () => clearTimeout(timer),
  };
}
