// The context view in the side bar: what the server would send for the chat that is shown.
import * as vscode from "vscode";
import { html, resources } from "../editor/page.ts";
import { showText } from "../editor/texts.ts";
import { action, sentence } from "../errors.ts";
import type { Command } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import type { Situation } from "../support/situation.ts";
import { tell } from "../support/commands.ts";
import { state } from "./list.ts";
import type { Action, FromContext, ToContext } from "./messages.ts";
import { words } from "./words.ts";

const BODY = `
<main>
<h1 id="heading" class="hidden"></h1>
<div id="advice" role="status" hidden><span></span><button type="button"></button></div>
<p class="row"><span id="total"></span><button type="button" id="add"></button></p>
<div id="context-chunks" role="list"><p id="context-chunks-empty" role="listitem"></p></div>
</main>`;

export class ContextView implements vscode.WebviewViewProvider, vscode.Disposable {
  private view: vscode.WebviewView | undefined;
  private drawing = false;
  private changedMeanwhile = false;
  private acting: Promise<void> = Promise.resolve();
  /** What the button does that helps. */
  private helping: Command | undefined;
  private readonly disposables: vscode.Disposable[];
  private readonly extensionUri: vscode.Uri;
  private readonly server: Server;
  private readonly situation: Situation;
  private readonly chatId: () => string | undefined;

  constructor(extensionUri: vscode.Uri, server: Server, situation: Situation, chatId: () => string | undefined) {
    this.extensionUri = extensionUri;
    this.server = server;
    this.situation = situation;
    this.chatId = chatId;
    this.disposables = [server.on("maestro/context/didChange", () => this.refresh()), situation.onDidChange(() => this.refresh())];
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    view.webview.options = { enableScripts: true, localResourceRoots: [resources(this.extensionUri)] };
    view.webview.onDidReceiveMessage((wish: FromContext) => this.wished(wish));
    view.onDidDispose(() => (this.view = undefined));
    const page = { name: "context", title: vscode.l10n.t("Context"), body: BODY, strings: words() } as const;
    view.webview.html = html(view.webview, this.extensionUri, page);
  }

  /** Show the present state; once more if it changes meanwhile, so that the latest is what stays. */
  refresh(): void {
    this.changedMeanwhile = true;
    if (!this.drawing) void this.draw();
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private async draw(): Promise<void> {
    this.drawing = true;
    while (this.changedMeanwhile && this.view) {
      this.changedMeanwhile = false;
      const { message, command } = await this.message();
      this.helping = command;
      if (!this.changedMeanwhile) void this.view.webview.postMessage(message);
    }
    this.drawing = false;
  }

  /** What is listed, or what keeps it from being listed. */
  private async message(): Promise<Message> {
    const { advice } = this.situation;
    if (advice?.weight === "blocks") return told(advice.message, advice.command);
    try {
      const listed = await state(this.server, this.chatId());
      const { message, command } = advice ? told(advice.message, advice.command) : { message: {}, command: undefined };
      return { message: { ...message, state: listed }, command };
    } catch (error) {
      return told(sentence(error), action(error));
    }
  }

  private wished(wish: FromContext): void {
    switch (wish.type) {
      case "ready":
        return this.refresh();
      case "add":
        return void vscode.commands.executeCommand("maestro.addFile");
      case "advice":
        return void (this.helping && vscode.commands.executeCommand(this.helping.command, ...this.helping.arguments));
      case "act":
        // One after the other, so that pinning twice is unpinning.
        this.acting = this.acting.then(() => this.act(wish.action, wish.id)).catch(tell).finally(() => this.refresh());
    }
  }

  private async act(action: Action, id: string): Promise<void> {
    switch (action) {
      case "delete":
        return void (await this.server.request("maestro/context/delete", { ids: [id] }));
      case "undo":
        return void (await this.server.request("maestro/context/restore", { ids: [id] }));
      case "refresh":
        return void (await this.server.request("maestro/context/update", { id, refresh: true }));
      case "pin":
        return this.togglePin(id);
      case "open":
        return this.open(id);
    }
  }

  private async togglePin(id: string): Promise<void> {
    const { chunk } = await this.server.request("maestro/context/get", { id });
    await this.server.request("maestro/context/update", { id, pinned: !chunk.pinned });
  }

  private async open(id: string): Promise<void> {
    const { chunk, text } = await this.server.request("maestro/context/get", { id });
    await showText(chunk.label.replace(/[?#\s]+/g, " "), text);
  }
}

interface Message {
  readonly message: ToContext;
  readonly command: Command | undefined;
}

function told(message: string, command: Command | undefined): Message {
  return { message: { advice: { message, ...(command ? { button: command.title } : {}) } }, command };
}
