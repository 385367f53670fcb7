// Steps in the other views, and what all pages are to people who do not see them as most do.
import assert from "node:assert/strict";
import { violations } from "../axe.mjs";
import { say } from "../workbench.mjs";

const THEMES = [
  ["Light Modern", "vs"],
  ["Dark High Contrast", "hc-black"],
  ["Light High Contrast", "hc-light"],
  ["Dark Modern", "vs-dark"],
];

export async function context({ workbench }) {
  await workbench.command("Maestro: Show Context");
  const view = await workbench.frame("#context-chunks");
  const rows = view.locator("#context-chunks > .chunk");
  await rows.first().waitFor();
  assert.ok(!(await view.locator("#context-chunks-empty").isVisible()));
  const id = await rows.first().getAttribute("id");
  const row = view.locator(`[id="${id}"]`);
  await row.locator("button.label").click();
  await workbench.page.locator(".tab.active:not(.dirty)").waitFor();
  await workbench.command("View: Close All Editors");
  await row.locator("button[data-action=pin]").click();
  await row.locator("button[data-action=pin][aria-pressed=true]").waitFor();
  await row.locator("button[data-action=pin]").click();
  await row.locator("button[data-action=pin][aria-pressed=false]").waitFor();
  await row.locator("button[data-action=delete]").press("Enter");
  await row.locator("button[data-action=undo]:focus").waitFor();
  await workbench.shot("10-context-deleted");
  await row.locator("button[data-action=undo]").press("Enter");
  await row.locator("button[data-action=delete]:focus").waitFor();
  await workbench.shot("11-context");
}

export async function audit({ workbench }) {
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

/** Every part of both pages is legible and has a name and a role, in every kind of theme. */
export async function accessible({ workbench }) {
  await workbench.command("Maestro: Show Context");
  const contextView = await workbench.frame("#context-chunks");
  await contextView.locator("#total").waitFor();
  const view = await workbench.newChat();
  await contextView.locator("#context-chunks-empty").waitFor();
  assert.deepEqual([...(await violations(view)), ...(await violations(contextView))], [], "before anything is said");
  await say(view, "Show everything");
  await view.locator(".code .hljs-keyword").first().waitFor();
  await view.locator("#send").waitFor();
  await say(view, "Delete the notes");
  await view.locator(".tool.waiting .question").waitFor();
  await contextView.locator(".chunk button[data-action=pin]").nth(1).click();
  await contextView.locator(".chunk button[data-action=delete]").first().click();
  await contextView.locator("button[data-action=undo]:visible").first().waitFor();
  const found = [];
  for (const [name, kind] of THEMES) {
    await setTheme(workbench, name, kind);
    for (const frame of [view, contextView]) found.push(...(await violations(frame)).map((each) => `${name}: ${each}`));
    await workbench.shot(`17-${name.toLowerCase().replaceAll(" ", "-")}`);
  }
  await view.locator(".tool.waiting").getByRole("button", { name: "Deny" }).click();
  await view.locator("#send").waitFor();
  assert.deepEqual(found, []);
}

async function setTheme(workbench, name, kind) {
  await workbench.command("Preferences: Color Theme");
  await workbench.choose(name, name);
  await workbench.page.locator(`.monaco-workbench.${kind}`).waitFor();
}
