import assert from "node:assert/strict";
import * as vscode from "vscode";
import { maestro, requests } from "./helpers.ts";

describe("context", () => {
  it("sends what was added, and not what was deleted, until that is undone", async () => {
    const { chat, server } = await maestro();
    await chat.open();
    await chat.send("What is 2 + 2?");
    const chatId = chat.conversation.chatId as string;
    const text = "The password of the garden gate is tulip.";
    const chunk = await server.request("maestro/context/add", { scope: "chat", chatId, source: "text", text });
    const isSent = async (): Promise<boolean> => {
      await chat.send("What is 2 + 2?");
      return (await requests()).at(-1)?.includes("tulip") ?? false;
    };
    assert.ok(await isSent());
    await server.request("maestro/context/delete", { ids: [chunk.id] });
    assert.ok(!(await isSent()));
    await server.request("maestro/context/restore", { ids: [chunk.id] });
    assert.ok(await isSent());
  });

  it("takes a file from the explorer", async () => {
    const { chat, server } = await maestro();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri as vscode.Uri;
    await vscode.commands.executeCommand("maestro.addFile", vscode.Uri.joinPath(folder, "sample.py"));
    const { chunks } = await server.request("maestro/context/list", { chatId: chat.conversation.chatId as string });
    assert.ok(chunks.some(({ label }) => label.includes("sample.py")));
  });
});
