import assert from "node:assert/strict";
import * as vscode from "vscode";
import { Changes } from "../../../../editors/vscode/src/chat/changes.ts";
import { applyCode, insertCode, target } from "../../../../editors/vscode/src/chat/code.ts";
import { accepting, eventually, maestro, open, write } from "./helpers.ts";

describe("code of an answer", () => {
  it("goes into no output and into no text that is only to be read", async () => {
    const { server } = await maestro();
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await vscode.commands.executeCommand("maestro.showLogs");
    await vscode.commands.executeCommand("maestro.runDoctor");
    assert.equal(server.state.kind, "running");
    assert.equal(target(), undefined);
    await vscode.commands.executeCommand("workbench.action.closePanel");
  });

  it("that could not be inserted is not passed over in silence", async () => {
    const editor = await open("notes.md");
    const before = editor.document.getText();
    const files = vscode.workspace.getConfiguration("files");
    await files.update("readonlyInclude", { "**/notes.md": true }, vscode.ConfigurationTarget.Global);
    try {
      await eventually(async () => {
        const failed = await insertCode("x").then(() => false, () => true);
        if (!failed) await vscode.commands.executeCommand("undo");
        return failed;
      }, "the file to be read-only");
      assert.equal(editor.document.getText(), before);
    } finally {
      await files.update("readonlyInclude", undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it("replaces no file unasked: somebody says where it goes", async () => {
    const editor = await open("notes.md");
    await write(editor.document, "# Notes\n\nBuy milk.\n");
    editor.selection = new vscode.Selection(2, 0, 2, 0);
    const changes = new Changes();
    await accepting(applyCode(changes, "Buy eggs.\n", "markdown"));
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input as vscode.TabInputTextDiff;
    const shown = changes.provideTextDocumentContent(input.modified);
    assert.equal(shown, "# Notes\n\nBuy eggs.\nBuy milk.\n");
    changes.dispose();
  });

  it("is fitted to the line ends of a file", async () => {
    const { document } = await open("notes.md");
    const edit = new vscode.WorkspaceEdit();
    edit.set(document.uri, [vscode.TextEdit.setEndOfLine(vscode.EndOfLine.CRLF)]);
    await vscode.workspace.applyEdit(edit);
    const changes = new Changes();
    const whole = new vscode.Range(0, 0, document.lineCount, 0);
    await changes.show(document, whole, "# Notes\n\nBuy eggs.\n");
    await changes.apply();
    assert.equal(document.getText(), "# Notes\r\n\r\nBuy eggs.\r\n");
    changes.dispose();
    await vscode.commands.executeCommand("workbench.action.files.revert");
  });

  it("becomes a new file where none is open", async () => {
    await vscode.commands.executeCommand("workbench.action.files.revert");
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await eventually(async () => vscode.window.visibleTextEditors.length === 0, "no editor");
    await applyCode({} as Changes, "x = 1\n", "python");
    const { document } = vscode.window.activeTextEditor as vscode.TextEditor;
    assert.deepEqual([document.languageId, document.getText()], ["python", "x = 1\n"]);
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });
});
