// Uses the extension as a person would, and keeps screenshots: node ui.mjs VSCODE REPOSITORY ARTEFACTS [STEP …]
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { installExtension, openPage, startEditor } from "./editor.mjs";
import { makeFolder, startModel, variables } from "./model.mjs";
import { Workbench } from "./workbench.mjs";

const [root, repository, artefacts, ...chosen] = process.argv.slice(2);
const home = fs.mkdtempSync(path.join(os.tmpdir(), "maestro-home-"));
const folder = makeFolder();
const profile = path.join(home, "profile");
const extensionsDir = path.join(home, "extensions");
installExtension({ root, home, extensionsDir, vsix: path.join(repository, "editors/vscode/build/maestro.vsix") });
const model = await startModel(repository);
const env = variables(model, home);
execFileSync(path.join(repository, ".venv/bin/python"), ["-m", "tests.editors.vscode.long_chat"], {
  cwd: repository,
  env: { ...process.env, ...env },
});
const editor = await startEditor({
  root,
  extensionsDir,
  trust: true,
  machineSettings: { "maestro.server.command": [path.join(repository, ".venv/bin/maestro")] },
  userSettings: { "workbench.colorTheme": "Default Dark Modern" },
  env,
});
let workbench;
const refused = [];
let opened;
try {
  await openWorkbench();
  const steps = [untrusted, trusted, session, keyLogin, browserLogin, deviceLogin, chat, keyboard, approval, applying, context, audit, twoWindows, stopping, reload, longChat, walkthrough, themes];
  for (const step of steps.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
    await step();
    console.log(`  ✔ ${step.name}`);
  }
  assert.deepEqual(refused, [], "the pages ask for nothing that their policy forbids");
} catch (error) {
  await workbench?.shot("failed").catch(() => undefined);
  console.error(error);
  process.exitCode = 1;
} finally {
  await opened?.close();
  await editor.stop();
  model.stop();
  fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  fs.rmSync(path.dirname(folder), { recursive: true, force: true });
}

async function openWorkbench() {
  opened = await openPage({ port: editor.port, folder, profile });
  opened.page.on("console", (message) => refused.push(...refusals(message.text())));
  workbench = new Workbench(opened.page, artefacts);
}

/** What a page's policy refused, of our pages. */
function refusals(text) {
  return text.includes("Content Security Policy") && text.includes("maestro") ? [text] : [];
}

async function untrusted() {
  const { page } = workbench;
  await page.locator(".monaco-dialog-box").getByRole("button", { name: /No, I don/ }).click();
  await workbench.openMaestro();
  await page.getByText("This folder is not trusted").waitFor();
  await workbench.shot("01-untrusted");
  await workbench.openFile("sample.py");
  await workbench.command("Maestro: Audit File");
  const told = page.locator(".notification-toast", { hasText: /trust/i }).first();
  await told.waitFor();
  console.log(`    an audit is refused: ${await told.locator(".notification-list-item-message").innerText()}`);
}

async function trusted() {
  const { page } = workbench;
  await workbench.command("Workspaces: Manage Workspace Trust");
  await page.locator(".workspace-trust-editor").getByRole("button", { name: "Trust", exact: true }).first().click();
  await page.locator(".welcome-view-content", { hasText: "This folder is not trusted" }).waitFor({ state: "detached" });
  await workbench.command("View: Close All Editors");
  await workbench.openMaestro();
}

async function session() {
  const { page } = workbench;
  await page.getByRole("treeitem", { name: /^env, key/ }).waitFor();
  await workbench.command("Maestro: Switch Session");
  await workbench.pick("env");
  await page.getByRole("treeitem", { name: /^env, .*this workspace/ }).waitFor();
  await workbench.shot("02-session");
}

async function keyLogin() {
  const { page } = workbench;
  await workbench.command("Maestro: Sign In");
  await workbench.choose("openai", "OpenAI");
  await workbench.pick("API key");
  await workbench.type("work");
  const password = page.locator(".quick-input-widget input[type=password]");
  await password.waitFor();
  await password.fill("sk-simulated-key-0003");
  await workbench.shot("03-key");
  await page.keyboard.press("Enter");
  await page.getByRole("treeitem", { name: /^work, key/ }).waitFor();
}

async function browserLogin() {
  const { page } = workbench;
  let agree;
  const agreed = new Promise((resolve) => (agree = resolve));
  await page.context().route("**/oauth/authorize**", (route) => agreed.then(() => route.continue()));
  await workbench.command("Maestro: Sign In");
  await workbench.choose("openai", "OpenAI");
  await workbench.pick("In the browser");
  const opening = page.context().waitForEvent("page");
  await workbench.type("private");
  await page.locator(".quick-input-title", { hasText: "Sign in in the browser" }).waitFor();
  await workbench.shot("04-browser");
  agree();
  await page.getByRole("treeitem", { name: /^private, signed in/ }).waitFor();
  await page.locator(".quick-input-title", { hasText: "Sign in in the browser" }).waitFor({ state: "hidden" });
  await (await opening).close();
}

async function deviceLogin() {
  const { page } = workbench;
  await workbench.command("Maestro: Sign In");
  await workbench.choose("openai", "OpenAI");
  await workbench.pick("With a code on any device");
  await workbench.type("tablet");
  await page.locator(".notification-toast", { hasText: /Type in \w{4}-\w{4} at/ }).waitFor();
  await workbench.shot("05-device");
  await fetch(model.requests, { method: "POST" });
  await page.getByRole("treeitem", { name: /^tablet, signed in/ }).waitFor();
}

async function chat() {
  const view = await workbench.frame("#turns");
  await say(view, "Show everything");
  await view.locator("table td", { hasText: "Seine" }).waitFor();
  await view.locator("#send").waitFor();
  assert.equal(await view.locator("#turns img").count(), 0, "HTML of a model is text");
  assert.equal(await view.locator("#turns a[href^='javascript']").count(), 0);
  assert.deepEqual(await view.locator(".bar button").allTextContents(), ["Copy", "Insert", "Apply…"]);
  await view.locator(".usage", { hasText: "tokens" }).waitFor();
  await workbench.shot("06-chat");
}

/** From the field one comes to everything by Tab, in the order in which it is seen; all of it has a name. */
async function keyboard() {
  const view = await workbench.frame("#turns");
  await view.locator("#input").focus();
  const reached = [];
  for (let step = 0; step < 3; step += 1) {
    await workbench.page.keyboard.press("Tab");
    reached.push(await view.evaluate(() => document.activeElement?.id));
  }
  assert.deepEqual(reached, ["attach", "model", "send"]);
  const nameless = await view.evaluate(() =>
    [...document.querySelectorAll("button, textarea, [role]")]
      .filter((element) => !element.closest("[hidden]") && !element.textContent?.trim() && !element.getAttribute("aria-label"))
      .map((element) => element.id || element.className),
  );
  assert.deepEqual(nameless.filter((name) => name !== "announcer"), []);
  await view.locator("#input").focus();
}

/** The code of an answer is looked at as a change before it is made. */
async function applying() {
  const { page } = workbench;
  await workbench.openFile("notes.md");
  await workbench.command("Maestro: New Chat");
  const view = await workbench.frame("#turns");
  await view.locator("#title", { hasText: "New chat" }).waitFor();
  await say(view, "Show everything");
  await view.locator("#send").waitFor();
  await view.locator(".bar button", { hasText: "Apply" }).click();
  const preview = page.locator(".bulk-edit-panel");
  await preview.locator(".monaco-list-row").first().click();
  await page.keyboard.press("Space");
  await workbench.shot("09-apply");
  await preview.getByRole("button", { name: "Apply", exact: true }).click();
  await page.locator(".view-lines", { hasText: /def.greet/ }).first().waitFor();
  await workbench.command("File: Revert File");
  await workbench.command("View: Close All Editors");
}

/** What is said in one window is seen in the other. */
async function twoWindows() {
  const view = await workbench.frame("#turns");
  const second = await workbench.page.context().newPage();
  await second.goto(workbench.page.url());
  const other = new Workbench(second, artefacts);
  await other.openMaestro();
  const otherView = await other.frame("#turns");
  await otherView.getByText("only text").first().waitFor();
  await say(view, "What is the capital of France?");
  await otherView.getByText("The capital of France is Paris.").waitFor();
  await other.shot("13-second-window");
  await second.close();
  await workbench.page.bringToFront();
}

async function approval() {
  const view = await workbench.frame("#turns");
  await say(view, "Change the notes");
  const card = view.locator(".tool.waiting");
  await card.locator(".question").waitFor();
  await workbench.shot("07-approval");
  await card.getByRole("button", { name: /once/i }).click();
  await view.locator(".tool.completed").waitFor();
  await view.getByText("The notes are changed.").waitFor();
  await workbench.shot("08-approved");
}

async function context() {
  await workbench.command("Maestro: Show Context");
  const view = await workbench.frame("#context-chunks");
  const rows = view.locator("#context-chunks > .chunk");
  await rows.first().waitFor();
  assert.ok(!(await view.locator("#context-chunks-empty").isVisible()));
  const id = await rows.first().getAttribute("id");
  const row = view.locator(`[id="${id}"]`);
  await row.locator("button[data-action=pin]").click();
  await row.locator("button[data-action=pin][aria-pressed=true]").waitFor();
  await row.locator("button[data-action=pin]").click();
  await row.locator("button[data-action=pin][aria-pressed=false]").waitFor();
  await row.locator("button[data-action=delete]").click();
  await row.locator("button[data-action=undo]").waitFor();
  await workbench.shot("10-context-deleted");
  await row.locator("button[data-action=undo]").click();
  await row.locator("button[data-action=delete]").waitFor();
  await workbench.shot("11-context");
}

async function audit() {
  const { page } = workbench;
  await workbench.openFile("sample.py");
  await workbench.command("Maestro: Audit File");
  await page.locator(".squiggly-warning, .squiggly-error").first().waitFor();
  await page.getByRole("treeitem", { name: /Bare except/ }).first().waitFor();
  await page.keyboard.press("Control+Shift+M");
  await page.locator(".markers-panel-container .monaco-list-row", { hasText: "Bare except" }).waitFor();
  await workbench.shot("12-audit");
  await page.keyboard.press("Control+Shift+M");
}

async function stopping() {
  await workbench.command("Maestro: New Chat");
  const view = await workbench.frame("#turns");
  await view.locator("#title", { hasText: "New chat" }).waitFor();
  await say(view, "Count");
  await view.getByText("word5").first().waitFor();
  const clicked = Date.now();
  await view.locator("#stop").click();
  await view.getByText("Stopped.").first().waitFor();
  console.log(`    stopped ${Date.now() - clicked} ms after the click`);
  await workbench.shot("14-stopped");
}

async function reload() {
  await workbench.page.reload();
  const view = await workbench.frame("#turns");
  await view.getByText("Stopped.").first().waitFor();
  await view.getByText("word5").first().waitFor();
}

async function longChat() {
  const { page } = workbench;
  await workbench.command("Maestro: Open Chat");
  const began = Date.now();
  await workbench.pick("A long chat");
  const view = await workbench.frame("#turns");
  await view.getByText("Question 2499?").waitFor();
  console.log(`    a chat of 5,000 messages shows its end ${Date.now() - began} ms after it was chosen`);
  while (await view.locator("#older").isVisible()) {
    const before = await view.locator(".turn").count();
    await view.locator("#older").click();
    await view.waitForFunction((count) => document.querySelectorAll(".turn").length > count, before);
  }
  assert.equal(await view.locator(".turn").count(), 2500);
  await say(view, "Count");
  await view.getByText("word5").first().waitFor();
  const gaps = await view.evaluate(framesOf);
  console.log(`    while it goes on: ${gaps.length} frames in 2 s, the slowest after ${Math.max(...gaps).toFixed(0)} ms`);
  await view.locator("#stop").click();
  await view.locator("#send").waitFor();
  await workbench.shot("15-long");
  await page.keyboard.press("Escape");
}

/** How long each frame of two seconds took, in ms. */
function framesOf() {
  return new Promise((resolve) => {
    const times = [performance.now()];
    const frame = (now) => {
      times.push(now);
      if (now - times[0] < 2000) requestAnimationFrame(frame);
      else resolve(times.slice(1).map((time, index) => time - times[index]));
    };
    requestAnimationFrame(frame);
  });
}

async function walkthrough() {
  await workbench.command("Maestro: Get Started");
  await workbench.page.getByText("Ask something", { exact: true }).first().waitFor();
  await workbench.page.locator(".codicon-getting-started-step-checked").nth(1).waitFor();
  await workbench.shot("16-walkthrough");
  await workbench.command("View: Close All Editors");
}

async function themes() {
  await setTheme("Dark High Contrast", "hc-black");
  await workbench.shot("17-high-contrast");
  await setTheme("Light Modern", "vs");
  await workbench.shot("18-light");
}

async function setTheme(name, kind) {
  await workbench.command("Preferences: Color Theme");
  await workbench.choose(name, name);
  await workbench.page.locator(`.monaco-workbench.${kind}`).waitFor();
}

async function say(view, text) {
  await view.locator("#input").fill(text);
  await view.locator("#input").press("Enter");
}
