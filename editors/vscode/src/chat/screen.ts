// The chat view in the side bar: passes events to the webview and its wishes on.
import * as vscode from "vscode";
import { html, resources } from "../editor/page.ts";
import type { FromView, ToView } from "./messages.ts";
import { words } from "./words.ts";

const BODY = `
<header><h1 id="title"></h1></header>
<main>
<div id="log" role="log" aria-live="off" tabindex="0"><button id="older" hidden></button><div id="turns"></div></div>
<p id="announcer" class="hidden" role="status" aria-live="polite"></p>
<div id="advice" role="status" hidden><span></span><button type="button"></button></div>
<div id="problem" role="alert" hidden><span></span><button type="button"></button><button type="button" id="close"></button></div>
<form id="composer">
<ul id="waiting"></ul>
<ul id="attachments"></ul>
<textarea id="input" rows="2"></textarea>
<p id="note" role="status"></p>
<div class="row"><button type="button" id="attach"></button><button type="button" id="model"></button>
<button type="submit" id="send"></button><button type="button" id="stop" hidden></button></div>
</form>
</main>`;

/** The webview, rebuilt by `fill` whenever it appears. */
export class ChatScreen implements vscode.WebviewViewProvider {
  private view: vscode.WebviewView | undefined;
  /** Whether the page is there and hears what is posted; a hidden one is not. */
  ready = false;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeVisibility = this.changed.event;
  private readonly extensionUri: vscode.Uri;
  private readonly fill: () => void;
  private readonly wished: (wish: FromView) => void;

  constructor(extensionUri: vscode.Uri, fill: () => void, wished: (wish: FromView) => void) {
    this.extensionUri = extensionUri;
    this.fill = fill;
    this.wished = wished;
  }

  get visible(): boolean {
    return this.view?.visible ?? false;
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    view.webview.options = { enableScripts: true, localResourceRoots: [resources(this.extensionUri)] };
    view.webview.onDidReceiveMessage((wish: FromView) => (wish.type === "ready" ? this.begin() : this.wished(wish)));
    view.onDidChangeVisibility(() => {
      this.ready &&= view.visible;
      this.changed.fire();
    });
    view.onDidDispose(() => {
      this.view = undefined;
      this.ready = false;
      this.changed.fire();
    });
    const title = vscode.l10n.t("Chat");
    view.webview.html = html(view.webview, this.extensionUri, { name: "chat", title, body: BODY, strings: words() });
  }

  private begin(): void {
    this.ready = true;
    this.fill();
  }

  post(message: ToView): void {
    void this.view?.webview.postMessage(message);
  }
}
