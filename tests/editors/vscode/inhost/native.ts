import assert from "node:assert/strict";
import * as vscode from "vscode";
import { maestro } from "./helpers.ts";

describe("the editor's own chat", () => {
  it("offers our models to everybody", async () => {
    await maestro();
    const models = await vscode.lm.selectChatModels({ vendor: "maestro" });
    assert.ok(models.length > 0);
    const question = [vscode.LanguageModelChatMessage.User("What is the capital of France?")];
    const model = models.find(({ id }) => id === "openai/gpt-5.5");
    const answer = await model?.sendRequest(question);
    let text = "";
    for await (const piece of answer?.text ?? []) text += piece;
    assert.equal(text, "The capital of France is Paris.");
  });

  it("answers as @maestro", async () => {
    const { server } = await maestro();
    const options = { query: "@maestro What is the capital of France?", blockOnResponse: true };
    await vscode.commands.executeCommand("workbench.action.chat.open", options);
    const { chats } = await server.request("maestro/chat/list", { query: "capital" });
    assert.ok(chats.length > 0);
  });
});
