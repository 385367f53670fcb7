// The HTML of a webview: a strict policy, one script, one sheet, and the words in the editor's language.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

export interface Page {
  readonly name: "chat" | "context";
  readonly title: string;
  readonly body: string;
  readonly strings: Readonly<Record<string, string>>;
}

/** Where scripts and sheets of webviews are. */
export function resources(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, "dist", "webview");
}

export function html(webview: vscode.Webview, extensionUri: vscode.Uri, page: Page): string {
  const nonce = randomBytes(16).toString("base64url");
  const file = (end: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(resources(extensionUri), `${page.name}.${end}`)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="${escape(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(page.title)}</title>
<link rel="stylesheet" href="${file("css")}">
</head>
<body data-strings="${escape(JSON.stringify(page.strings))}">
${page.body}
<script nonce="${nonce}" src="${file("js")}"></script>
</body>
</html>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
