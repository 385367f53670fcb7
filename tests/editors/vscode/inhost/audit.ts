import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import * as vscode from "vscode";
import { accepting, maestro, open, until, eventually, requests } from "./helpers.ts";

const ours = (uri: vscode.Uri): vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "maestro");

describe("audit", () => {
  it("shows a finding, and its fix mends the file", async () => {
    await maestro();
    const { document } = await open("sample.py");
    void vscode.commands.executeCommand("maestro.auditFile");
    await until(vscode.languages.onDidChangeDiagnostics, () => ours(document.uri).length > 0, "a diagnostic");
    const [diagnostic] = ours(document.uri);
    assert.equal(document.getText(diagnostic?.range).trim(), "except:");

    const found = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      document.uri,
      diagnostic?.range,
      vscode.CodeActionKind.QuickFix.value,
      20,
    );
    assert.match(found[0]?.title ?? "", /^Fix: /);
    const fix = found.find(({ edit }) => edit !== undefined);
    assert.ok(fix?.edit, `a fix among: ${found.map(({ title }) => title).join(", ")}`);
    await vscode.workspace.applyEdit(fix.edit);
    assert.ok(document.getText().includes("except Exception:"));
    await until(vscode.languages.onDidChangeDiagnostics, () => ours(document.uri).length === 0, "no diagnostic");
  });

  it("keeps a finding in the baseline from being shown, until it is restored", async () => {
    const { server } = await maestro();
    const { document } = await open("second.py");
    void vscode.commands.executeCommand("maestro.auditFile");
    await until(vscode.languages.onDidChangeDiagnostics, () => ours(document.uri).length > 0, "a diagnostic");
    const uri = document.uri.toString();
    const [finding] = (await server.request("maestro/finding/list", { uri, state: "open" })).findings;
    await accepting(vscode.commands.executeCommand("maestro.baselineFinding", { kind: "finding", finding }));
    await until(vscode.languages.onDidChangeDiagnostics, () => ours(document.uri).length === 0, "no diagnostic");
    const { findings } = await server.request("maestro/finding/list", { uri, state: "baselined" });
    assert.deepEqual(findings.map(({ id }) => id), [finding?.id]);
    await server.request("maestro/finding/restore", { findingId: finding?.id as string });
    await until(vscode.languages.onDidChangeDiagnostics, () => ours(document.uri).length > 0, "the diagnostic again");
  });

  it("goes with a file that is renamed, and is forgotten with one that is deleted, by the editor or beside it", async () => {
    const { server } = await maestro();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri as vscode.Uri;
    const at = (name: string): vscode.Uri => vscode.Uri.joinPath(folder, name);
    const found = async (): Promise<string[]> => {
      const names = (await server.request("maestro/finding/list", {})).findings.map(({ relPath }) => relPath ?? "");
      return names.filter((name) => /third|fourth/.test(name));
    };
    await vscode.workspace.fs.writeFile(at("third.py"), await vscode.workspace.fs.readFile(at("second.py")));
    await server.request("maestro/audit/run", { target: { uri: at("third.py").toString() } });
    assert.deepEqual(await found(), ["third.py"]);
    // A file that is gone before the editor saw it come was never there to it.
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, "fourth.py"));
    const seen = new Promise((resolve) => watcher.onDidCreate(resolve));
    const edit = new vscode.WorkspaceEdit();
    edit.renameFile(at("third.py"), at("fourth.py"));
    await vscode.workspace.applyEdit(edit);
    await eventually(async () => (await found()).join() === "fourth.py", "the finding in the file of another name");
    await seen;
    watcher.dispose();
    rmSync(at("fourth.py").fsPath);
    await eventually(async () => (await found()).length === 0, "no finding in a file that is gone");
  });

  it("outlives the server", async () => {
    const { server } = await maestro();
    const { document } = await open("second.py");
    const uri = document.uri.toString();
    const before = (await server.request("maestro/finding/list", { uri, state: "open" })).findings.map(({ id }) => id);
    assert.equal(before.length, 1);
    const sent = (await requests()).length;
    await server.restart();
    const now = async (): Promise<string[]> => (await server.request("maestro/finding/list", { uri, state: "open" })).findings.map(({ id }) => id);
    await eventually(async () => (await now()).join() === before.join(), "the finding of before");
    await until(vscode.languages.onDidChangeDiagnostics, () => ours(document.uri).length > 0, "its diagnostic");
    assert.equal((await requests()).length, sent);
  });
});
