// Steps of one who writes: several chats at once, what is not said yet, and a server that is not there.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { say } from "../workbench.mjs";

/** Each chat has its own answer, questions and Stop; Escape stops, from wherever the focus is. */
export async function switching({ workbench }) {
  const view = await workbench.newChat();
  await say(view, "Change the notes");
  await view.locator(".tool.waiting .question").waitFor();
  await workbench.newChat();
  await view.locator("#send").waitFor();
  await workbench.page.locator(".notification-toast", { hasText: "notes.md" }).waitFor();
  await workbench.command("Maestro: Open Chat");
  await workbench.pick("Change the notes");
  await view.locator(".tool.waiting .question").getByRole("button", { name: "Deny" }).click();
  await view.locator("#send").waitFor();
  for (const [before, focused] of ["#input", "#log", "#stop"].entries()) {
    await say(view, "Count");
    const turn = view.locator(".turn").nth(before + 1);
    await turn.getByText("word5").waitFor();
    await view.locator(focused).focus();
    await view.locator(focused).press("Escape");
    await turn.getByText("Stopped.").waitFor();
    await view.locator("#send").waitFor();
  }
  await say(view, "Count");
  await view.locator("#input").press("Escape");
  await view.locator("#send").waitFor();
}

/** The field keeps what is not said yet, recalls what was said, and takes pictures. */
export async function writing({ workbench, editor }) {
  const view = await workbench.newChat();
  const input = view.locator("#input");
  await say(view, "Count");
  await view.getByText("word5").first().waitFor();
  await say(view, "And then?");
  await view.locator("#note", { hasText: "The answer is not finished." }).waitFor();
  assert.equal(await input.inputValue(), "And then?");
  await workbench.shot("22-unfinished");
  const reset = set(editor, { "maestro.chat.delivery": "queue" });
  await view.locator("#send").waitFor();
  reset();
  await view.locator("#send").waitFor({ state: "hidden" });
  await view.locator("#stop").click();
  await view.locator("#send").waitFor();
  await workbench.command("View: Show Explorer");
  await workbench.openMaestro();
  const again = await workbench.frame("#turns");
  await again.waitForFunction(() => document.querySelector("#input").value === "And then?");
  await again.locator("#input").fill("");
  await again.locator("#input").press("ArrowUp");
  assert.equal(await again.locator("#input").inputValue(), "Count");
  await again.locator("#input").press("ArrowDown");
  assert.equal(await again.locator("#input").inputValue(), "");
  const height = () => again.locator("#input").evaluate((field) => field.clientHeight);
  const small = await height();
  await again.locator("#input").fill("one\ntwo\nthree\nfour\nfive\nsix");
  assert.ok((await height()) > small, "the field grows with the text");
  await again.locator("#input").fill("");
  await again.locator("#input").evaluate((field) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array([1, 2, 3])], "a.png", { type: "image/png" }));
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  });
  await again.locator("#attachments li", { hasText: "Image 1" }).getByRole("button").click();
  await again.locator("#attachments li").waitFor({ state: "detached" });
}

/** Each chat has its own field, and what waits there outlives the window. */
export async function drafts({ workbench, editor }) {
  const view = await workbench.newChat();
  const reset = set(editor, { "maestro.chat.delivery": "queue" });
  await say(view, "Count");
  await view.getByText("word5").first().waitFor();
  await say(view, "And then?");
  await say(view, "And after that?");
  await view.locator("#waiting li", { hasText: "And after that?" }).waitFor();
  await workbench.shot("24-waiting");
  await view.locator("#input").fill("Half");
  await workbench.newChat();
  await view.waitForFunction(() => document.querySelector("#input").value === "" && !document.querySelector("#waiting li"));
  await workbench.command("Maestro: Open Chat");
  await workbench.pick("Count");
  await view.locator("#waiting li", { hasText: "And after that?" }).waitFor();
  assert.equal(await view.locator("#input").inputValue(), "Half");
  // A browser's window writes down what it remembers a moment later; meanwhile the answer goes on.
  const { length } = await view.locator("#turns").innerText();
  await view.waitForFunction((before) => document.querySelector("#turns").innerText.length > before + 1000, length);
  await workbench.page.reload();
  const again = await workbench.frame("#turns");
  await again.waitForFunction(() => document.querySelector("#input").value === "And then?\n\nAnd after that?\n\nHalf");
  await again.getByText("word5").first().waitFor();
  await again.locator("#input").fill("");
  reset();
}

/** Where no server runs both views say so, with what helps, and list nothing; with the server all is back. */
export async function serverless({ workbench, editor }) {
  const view = await workbench.frame("#turns");
  await workbench.command("Maestro: Show Context");
  const contextView = await workbench.frame("#context-chunks");
  await contextView.locator("#total").waitFor();
  const reset = set(editor, { "maestro.server.command": ["/no/such/maestro"] });
  for (const frame of [view, contextView]) {
    await frame.locator("#advice", { hasText: "could not be started" }).getByRole("button", { name: "Choose a Program" }).waitFor();
  }
  assert.ok(!(await contextView.locator("#context-chunks").isVisible()), "nothing is said of what is not known");
  await workbench.shot("23-serverless");
  reset();
  await contextView.locator("#context-chunks").waitFor();
  for (const frame of [view, contextView]) await frame.locator("#advice").waitFor({ state: "hidden" });
}

/** Set something; what is given sets it back. */
function set(editor, values) {
  const file = path.join(editor.data, "Machine/settings.json");
  const before = fs.readFileSync(file, "utf8");
  fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(before), ...values }));
  return () => fs.writeFileSync(file, before);
}
