import assert from "node:assert/strict";
import * as vscode from "vscode";
import { maestro, requests, until } from "./helpers.ts";

/** The smallest picture there is; the editor looks into those that are sent. */
const DOT = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

/** Without another chat extension the oldest editor sends nothing from its chat. */
const inChat = vscode.version.startsWith("1.104.") ? it.skip : it;

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

  inChat("answers as @maestro", async () => {
    const { server } = await maestro();
    const chats = async (): Promise<number> => (await server.request("maestro/chat/list", {})).chats.length;
    const before = await chats();
    const options = { query: "@maestro What is the capital of France?", blockOnResponse: true };
    await vscode.commands.executeCommand("workbench.action.chat.open", options);
    assert.ok((await chats()) > before);
  });

  inChat("goes on in another chat when that of the conversation was deleted", async () => {
    const { server } = await maestro();
    const ask = (query: string): Thenable<unknown> =>
      vscode.commands.executeCommand("workbench.action.chat.open", { query, blockOnResponse: true });
    await ask("@maestro What is 2 + 2?");
    for (const { id } of (await server.request("maestro/chat/list", {})).chats) await server.request("maestro/chat/delete", { chatId: id });
    await ask("@maestro What is 3 + 3?");
    const { chats } = await server.request("maestro/chat/list", {});
    assert.deepEqual(chats.map(({ title }) => title), ["What is 3 + 3?"]);
  });

  it("sends the images and options of other extensions, and counts calls of tools", async () => {
    await maestro();
    const [model] = await vscode.lm.selectChatModels({ vendor: "maestro", id: "openai/gpt-5.5" });
    assert.ok(model);
    const Data = (vscode as unknown as { LanguageModelDataPart?: { image(data: Uint8Array, mime: string): never } }).LanguageModelDataPart;
    const text = new vscode.LanguageModelTextPart("What is the capital of Italy?");
    const parts = Data ? [text, Data.image(DOT, "image/png")] : [text];
    const message = vscode.LanguageModelChatMessage.User(parts);
    const answer = await model.sendRequest([message], { modelOptions: { max_tokens: 77 } });
    for await (const piece of answer.text) void piece;
    const sent = (await requests()).filter((body) => body.includes("capital of Italy")).at(-1) ?? "";
    assert.ok(sent.includes("77"), "the option");
    if (Data) assert.match(sent, /data:image\/\w+;base64,/);
    const call = new vscode.LanguageModelToolCallPart("k", "find", { a: "a long argument of a tool" });
    assert.ok((await model.countTokens(vscode.LanguageModelChatMessage.Assistant([call]))) > 5);
  });

  it("tells a caller that requires a tool when none was called", async () => {
    await maestro();
    const [model] = await vscode.lm.selectChatModels({ vendor: "maestro", id: "openai/gpt-5.5" });
    const tools = [{ name: "look", description: "Look.", inputSchema: { type: "object" } }];
    const question = [vscode.LanguageModelChatMessage.User("What is the capital of France?")];
    await assert.rejects(async () => {
      const answer = await model?.sendRequest(question, { tools, toolMode: vscode.LanguageModelChatToolMode.Required });
      for await (const piece of answer?.text ?? []) void piece;
    }, /called no tool/);
  });

  inChat("asks a question again that nobody sees any more", async () => {
    const { permissions } = await maestro();
    const asking = vscode.commands.executeCommand("workbench.action.chat.open", { query: "@maestro Change the notes", blockOnResponse: true });
    await until(permissions.onDidChange, () => permissions.unseen === 1, "a question");
    permissions.askAgain();
    assert.equal(permissions.unseen, 1);
    const [question] = permissions.pending;
    const deny = question?.options.find(({ effect }) => effect === "deny");
    permissions.choose(question?.requestId ?? "", deny?.optionId ?? "");
    await asking;
    assert.equal(permissions.unseen, 0);
  });
});
