// Steps with tools: their questions, in the chat and out of sight, and the ledger.
import assert from "node:assert/strict";
import { say } from "../workbench.mjs";

export async function approval({ workbench }) {
  const view = await workbench.newChat();
  await say(view, "Change the notes");
  const card = view.locator(".tool.waiting");
  await card.locator(".question").waitFor();
  await workbench.shot("07-approval");
  await card.getByRole("button", { name: /once/i }).click();
  await view.locator(".tool.completed").waitFor();
  await view.getByText("The notes are changed.").waitFor();
  await workbench.shot("08-approved");
}

/** Where nobody sees the chat, a notification asks, which goes when there is an answer, from wherever it came. */
export async function unseen({ workbench }) {
  const { page } = workbench;
  const view = await workbench.frame("#turns");
  const [toast, other] = ["notes.md", "list.md"].map((name) => page.locator(".notification-toast", { hasText: name }));
  await say(view, "Delete the notes");
  await view.locator(".tool.waiting .question").waitFor();
  assert.equal(await toast.count(), 0, "what is seen is not asked twice");
  await workbench.command("View: Show Explorer");
  await toast.getByText(/Risk: high · .*Purpose: .*Scope: \*/).waitFor();
  await workbench.shot("07-unseen");
  await workbench.openMaestro();
  await (await workbench.frame("#turns")).locator(".tool.waiting").getByRole("button", { name: "Deny" }).click();
  await toast.waitFor({ state: "detached" });
  await (await workbench.frame("#turns")).locator("#send").waitFor();
  await say(await workbench.frame("#turns"), "Begin a list");
  await workbench.command("View: Show Explorer");
  await other.getByText("Allow once").click();
  await other.waitFor({ state: "detached" });
  await page.getByRole("treeitem", { name: /list\.md/ }).waitFor();
  await workbench.openMaestro();
  await (await workbench.frame("#turns")).locator("#send").waitFor();
}

/** The ledger is a page to read, which nobody is asked to save. */
export async function intents({ workbench }) {
  const { page } = workbench;
  await workbench.command("Maestro: Show Intents");
  await workbench.pick("Of all chats");
  await page.locator(".view-lines", { hasText: /apply_edit.·.notes.md/ }).waitFor();
  await workbench.shot("21-intents");
  await workbench.command("View: Close All Editors");
}
