import assert from "node:assert/strict";
import * as vscode from "vscode";
import { maestro, requests } from "./helpers.ts";

/** The package that brings the oldest editor leaves out the program that it searches folders with. */
const searching = vscode.version.startsWith("1.104.") ? it.skip : it;

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
    await vscode.commands.executeCommand("maestro.addFile", files()[0]);
    const { chunks } = await server.request("maestro/context/list", { chatId: chat.conversation.chatId as string });
    assert.ok(chunks.some(({ label }) => label.includes("sample.py")));
  });

  it("takes all files that were chosen", async () => {
    const { chat, server } = await maestro();
    await chat.open();
    await chat.send("What is 2 + 2?");
    const both = files();
    await vscode.commands.executeCommand("maestro.addFile", both[0], both);
    const { chunks } = await server.request("maestro/context/list", { chatId: chat.conversation.chatId as string });
    for (const name of NAMES) assert.ok(chunks.some(({ label }) => label.includes(name)), name);
  });

  searching("takes of a folder its files", async () => {
    const { chat } = await maestro();
    await chat.attachments.addFiles([folder()]);
    const attached = chat.attachments.take().map(({ label }) => label);
    for (const name of NAMES) assert.ok(attached.includes(name), String(attached));
  });
});

const NAMES = ["sample.py", "notes.md"];

function folder(): vscode.Uri {
  return vscode.workspace.workspaceFolders?.[0]?.uri as vscode.Uri;
}

function files(): vscode.Uri[] {
  return NAMES.map((name) => vscode.Uri.joinPath(folder(), name));
}
