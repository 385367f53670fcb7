// The context view in the side bar: what the server would send for the chat that is shown.
import * as vscode from "vscode";
import { html, resources } from "../editor/page.ts";
import { sentence } from "../errors.ts";
import type { Chunk, ContextListResult } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import type { Action, ContextState, FromContext, ToContext } from "./messages.ts";
import { rows } from "./rows.ts";
import { words } from "./words.ts";

const PAGE = 1000;
const BODY = `
<p class="row"><span id="total"></span><button type="button" id="add"></button></p>
<div id="context-chunks" role="list"><p id="context-chunks-empty" role="note"></p></div>`;

type Place = { chatId: string } | { scope: "workspace" };

export class ContextView implements vscode.WebviewViewProvider, vscode.Disposable {
  private view: vscode.WebviewView | undefined;
  private drawing: Promise<void> = Promise.resolve();
  private readonly disposables: vscode.Disposable[];
  private readonly extensionUri: vscode.Uri;
  private readonly server: Server;
  private readonly chatId: () => string | undefined;

  constructor(extensionUri: vscode.Uri, server: Server, chatId: () => string | undefined) {
    this.extensionUri = extensionUri;
    this.server = server;
    this.chatId = chatId;
    this.disposables = [server.on("maestro/context/didChange", () => this.refresh())];
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    view.webview.options = { enableScripts: true, localResourceRoots: [resources(this.extensionUri)] };
    view.webview.onDidReceiveMessage((wish: FromContext) => this.wished(wish));
    view.onDidDispose(() => (this.view = undefined));
    const page = { name: "context", title: vscode.l10n.t("Context"), body: BODY, strings: words() } as const;
    view.webview.html = html(view.webview, this.extensionUri, page);
  }

  /** Show the present state; one request after the other, so that the latest is what stays. */
  refresh(): void {
    if (!this.view) return;
    this.drawing = this.drawing.then(() => this.draw()).catch(() => undefined);
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private async draw(): Promise<void> {
    const message: ToContext = { state: await this.state() };
    await this.view?.webview.postMessage(message);
  }

  private async state(): Promise<ContextState> {
    const chatId = this.chatId();
    const place: Place = chatId === undefined ? { scope: "workspace" } : { chatId };
    const [sent, gone] = await Promise.all([this.all(place, false), this.all(place, true)]);
    const { total, budget } = sent.last;
    return { rows: rows(sent.chunks, gone.chunks), total, ...(budget ? { budget } : {}) };
  }

  private async all(place: Place, deleted: boolean): Promise<{ chunks: Chunk[]; last: ContextListResult }> {
    const chunks: Chunk[] = [];
    for (let cursor: string | undefined; ; ) {
      const next = cursor === undefined ? {} : { cursor };
      const last = await this.server.request("maestro/context/list", { ...place, ...next, deleted, limit: PAGE });
      chunks.push(...last.chunks);
      cursor = last.nextCursor;
      if (cursor === undefined) return { chunks, last };
    }
  }

  private wished(wish: FromContext): void {
    if (wish.type === "ready") return this.refresh();
    if (wish.type === "add") return void vscode.commands.executeCommand("maestro.addFile");
    this.act(wish.action, wish.id).then(
      () => this.refresh(),
      (error: unknown) => vscode.window.showErrorMessage(sentence(error)),
    );
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
    const { text } = await this.server.request("maestro/context/get", { id });
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content: text }), { preview: true });
  }
}
