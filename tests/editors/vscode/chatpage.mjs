// The chat's page alone in a browser, without an editor around it: what it hears is given, and what it says is kept.
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const extension = fileURLToPath(new URL("../../../editors/vscode/", import.meta.url));
const { chromium } = createRequire(path.join(extension, "package.json"))("playwright-core");
const CHROMIUM = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking"];
const COLOURS = { "--vscode-foreground": "#ccc", "--vscode-font-size": "13px", "--vscode-font-family": "sans-serif", "--vscode-editor-font-family": "monospace", "--vscode-editor-font-size": "13px", "--vscode-textLink-foreground": "#4daafc", "--vscode-sideBar-background": "#181818" };
const EDITOR = `
window.said = [];
window.acquireVsCodeApi = () => ({
  postMessage: (message) => window.said.push(message),
  getState: () => JSON.parse(sessionStorage.getItem("kept") ?? "null") ?? undefined,
  setState: (state) => sessionStorage.setItem("kept", JSON.stringify(state)),
});`;

/** A browser with the page in it; `hear` gives it a message, `refused` are the words of its policy. */
export async function openChatPage({ dist = path.join(extension, "dist"), viewport = { width: 420, height: 700 } } = {}) {
  const server = http.createServer((request, response) => answer(dist, request.url, response)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: CHROMIUM });
  const page = await (await browser.newContext({ viewport })).newPage();
  const refused = [];
  page.on("console", (message) => message.text().includes("Content Security Policy") && refused.push(message.text()));
  page.on("pageerror", (error) => refused.push(String(error)));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const hear = (message) => page.evaluate((data) => window.postMessage(data, "*"), message);
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { page, hear, refused, close };
}

function answer(dist, url, response) {
  const [type, body] = {
    "/chat.js": ["text/javascript", () => fs.readFileSync(path.join(dist, "webview/chat.js"))],
    "/chat.css": ["text/css", () => fs.readFileSync(path.join(dist, "webview/chat.css"))],
    "/editor.js": ["text/javascript", () => EDITOR],
    "/theme.css": ["text/css", () => `:root { background: #181818; ${Object.entries(COLOURS).map((pair) => pair.join(":")).join(";")} }`],
    "/": ["text/html", html],
  }[url] ?? ["text/plain", () => ""];
  response.writeHead(200, { "content-type": `${type}; charset=utf-8` }).end(body());
}

/** As the extension makes it. */
function html() {
  const body = /const BODY = `([^`]*)`/.exec(source("src/chat/screen.ts"))[1];
  const strings = [...source("src/chat/words.ts").matchAll(/(\w+): t\(("[^"]*")\)/g)].map(([, key, words]) => [key, JSON.parse(words)]);
  const escaped = JSON.stringify(Object.fromEntries(strings)).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  const policy = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'";
  return `<!DOCTYPE html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="${policy}"><title>Chat</title>
<link rel="stylesheet" href="theme.css"><link rel="stylesheet" href="chat.css"><script src="editor.js"></script></head>
<body class="vscode-dark" data-strings="${escaped}">${body}<script src="chat.js"></script></body></html>`;
}

function source(name) {
  return fs.readFileSync(path.join(extension, name), "utf8");
}

/** One chat on the page, told by its events. */
export class Chat {
  constructor({ page, hear }) {
    this.page = page;
    this.hear = hear;
    this.seq = 0;
  }

  /** An empty chat in which somebody said something. */
  async begin({ busy = false } = {}) {
    this.seq = 0;
    await this.questions([]);
    await this.page.evaluate(() => (window.said.length = 0));
    await this.show([], false);
    if (busy) await this.busy(true);
    await this.event({ type: "turn.started", userMessageId: "u", text: "Go on." });
  }

  async show(turns, more) {
    await this.hear({ type: "show", view: { chatId: "c", turns }, more });
  }

  async event(event) {
    this.seq += 1;
    await this.hear({ type: "events", events: [{ chatId: "c", turnId: "t", seq: this.seq, ...event }] });
  }

  async write(text) {
    await this.event({ type: "text.delta", messageId: "m", partId: "p", text });
  }

  async busy(busy, changes = {}) {
    await this.hear({ type: "busy", busy, elsewhere: false, queues: false, loads: false, waiting: [], ...changes });
  }

  async questions(requests) {
    await this.hear({ type: "permissions", requests });
  }

  /** A tool asks, at a high risk. */
  async ask(changes) {
    const intent = { purpose: "maintenance", scope: "a.py", risk: "high", rationale: "It is due." };
    const risk = { level: "high", assessments: [{ by: "policy", level: "high", reason: "It writes a file." }] };
    const options = [["once", "Allow once", "allow"], ["chat", "Allow in this chat", "allow"], ["deny", "Deny", "deny"]];
    this.question = {
      requestId: "q", chatId: "c", turnId: "t", toolCallId: "call", summary: "Change a.py", intent, risk,
      options: options.map(([optionId, name, effect]) => ({ optionId, name, effect })), ...changes,
    };
    await this.event({ type: "tool.ready", messageId: "m", toolCallId: "call", name: "apply_edit", input: { path: "a.py" }, permission: "pending", intent, risk });
    await this.questions([this.question]);
    await this.page.locator(".question").waitFor();
  }

  /** When what was heard is on the page. */
  async drawn() {
    await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(() => setTimeout(resolve)), 40))));
  }

  async count(type) {
    return this.page.evaluate((wanted) => window.said.filter((each) => each.type === wanted).length, type);
  }

  /** What the page said last of this type, when it has said something. */
  async said(type) {
    await this.page.waitForFunction((wanted) => window.said.some((each) => each.type === wanted), type);
    return this.page.evaluate((wanted) => window.said.findLast((each) => each.type === wanted), type);
  }
}
