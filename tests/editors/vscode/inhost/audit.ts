import assert from "node:assert/strict";
import * as vscode from "vscode";
import { maestro, open, until } from "./helpers.ts";

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
    const fix = found.find(({ edit }) => edit !== undefined);
    assert.ok(fix?.edit, `a fix among: ${found.map(({ title }) => title).join(", ")}`);
    await vscode.workspace.applyEdit(fix.edit);
    assert.ok(document.getText().includes("except Exception:"));
    await until(vscode.languages.onDidChangeDiagnostics, () => ours(document.uri).length === 0, "no diagnostic");
  });
});
