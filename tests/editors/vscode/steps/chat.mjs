// Steps in the chat: what is seen of an answer, and what can be done with it.
import assert from "node:assert/strict";
import { say, Workbench } from "../workbench.mjs";

export async function chat({ workbench }) {
  const view = await workbench.frame("#turns");
  await say(view, "Show everything");
  await view.locator("table td", { hasText: "Seine" }).waitFor();
  await view.locator("#send").waitFor();
  assert.equal(await view.locator("#turns img").count(), 0, "HTML of a model is text");
  assert.equal(await view.locator("#turns a[href^='javascript']").count(), 0);
  assert.deepEqual(await view.locator(".bar button").allTextContents(), ["Copy", "Insert", "Apply…"]);
  await view.locator(".usage", { hasText: "tokens" }).waitFor();
  await view.locator(".code .hljs-keyword", { hasText: "def" }).waitFor();
  assert.match(await view.locator(".code pre").textContent(), /^def greet\(name: str\) -> str:\n    return f"Hello, \{name\}!"\n$/);
  await workbench.shot("06-chat");
  await say(view, "Only code");
  await view.locator(".code .hljs-keyword", { hasText: "let" }).waitFor();
}

/** From the field one comes to everything by Tab, in the order in which it is seen; all of it has a name. */
export async function keyboard({ workbench }) {
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
  assert.deepEqual(nameless.filter((name) => !["announcer", "note"].includes(name)), []);
  await view.locator("#input").focus();
}

/** The code of an answer is looked at as a change before it is made. */
export async function applying({ workbench }) {
  const { page } = workbench;
  await workbench.openFile("notes.md");
  const view = await workbench.newChat();
  await say(view, "Show everything");
  await view.locator("#send").waitFor();
  await view.locator(".bar button", { hasText: "Apply" }).click();
  await workbench.pick("In place of all of notes.md");
  await page.locator(".monaco-diff-editor .modified .view-lines", { hasText: /def.greet/ }).waitFor();
  await workbench.shot("09-apply");
  await page.locator(".editor-actions").getByRole("button", { name: "Discard Change" }).click();
  await page.locator(".monaco-diff-editor").waitFor({ state: "detached" });
  await page.locator(".view-lines", { hasText: /Buy/ }).first().waitFor();
  await view.locator(".bar button", { hasText: "Apply" }).click();
  await workbench.pick("In place of all of notes.md");
  await page.locator(".editor-actions").getByRole("button", { name: /^Apply Change/ }).waitFor();
  await page.locator(".monaco-diff-editor .focused").first().waitFor();
  await page.keyboard.press("Control+Enter");
  await page.locator(".monaco-diff-editor").waitFor({ state: "detached" });
  await page.locator(".view-lines", { hasText: /def.greet/ }).first().waitFor();
  await workbench.shot("09-applied");
  await workbench.command("File: Revert File");
  await workbench.command("View: Close All Editors");
}

/** A turn is forked, and taken back with its words in the field; both from the page and by keyboard. */
export async function branching({ workbench }) {
  const view = await workbench.newChat();
  for (const text of ["Show everything", "What is the capital of France?"]) {
    await say(view, text);
    await view.locator(".said", { hasText: text }).waitFor();
    await view.locator("#send").waitFor();
  }
  await view.locator(".user").first().hover();
  await workbench.shot("19-turn");
  await view.locator(".turn").first().getByRole("button", { name: /^Begin another chat/ }).click();
  await view.locator("#title", { hasText: "(fork)" }).waitFor();
  await view.locator(".said", { hasText: "Show everything" }).waitFor();
  assert.equal(await view.locator(".said").count(), 1, "the fork ends with the turn it was made at");
  await view.locator(".code .hljs-keyword").first().waitFor();
  await workbench.shot("20-fork");
  await say(view, "What is 2 + 2?");
  await view.locator(".said", { hasText: "2 + 2" }).waitFor();
  await view.locator("#send").waitFor();
  await view.locator(".turn").last().getByRole("button", { name: /^Take back this turn/ }).press("Enter");
  await workbench.pick("Take back the last turn");
  await view.waitForFunction(() => document.querySelector("#input").value === "What is 2 + 2?");
  await view.waitForFunction(() => document.querySelectorAll(".turn").length === 1);
  await view.locator("#input").fill("");
}

/** What is said in one window is seen in the other. */
export async function twoWindows({ workbench }) {
  const view = await workbench.frame("#turns");
  const second = await workbench.page.context().newPage();
  await second.goto(workbench.page.url());
  const other = new Workbench(second, workbench.artefacts);
  await other.openMaestro();
  const otherView = await other.frame("#turns");
  await otherView.getByText("only text").first().waitFor();
  await say(view, "What is the capital of France?");
  await otherView.getByText("The capital of France is Paris.").waitFor();
  await other.shot("13-second-window");
  await second.close();
  await workbench.page.bringToFront();
}

export async function stopping({ workbench }) {
  const view = await workbench.newChat();
  await say(view, "Count");
  await view.getByText("word5").first().waitFor();
  const clicked = Date.now();
  await view.locator("#stop").click();
  await view.getByText("Stopped.").first().waitFor();
  console.log(`    stopped ${Date.now() - clicked} ms after the click`);
  await workbench.shot("14-stopped");
}

export async function reload({ workbench }) {
  await workbench.page.reload();
  const view = await workbench.frame("#turns");
  await view.getByText("Stopped.").first().waitFor();
  await view.getByText("word5").first().waitFor();
}

export async function longChat({ workbench }) {
  const { page } = workbench;
  await workbench.command("Maestro: Open Chat");
  const began = Date.now();
  await workbench.pick("A long chat");
  const view = await workbench.frame("#turns");
  await view.getByText("Question 2499?").waitFor();
  console.log(`    a chat of 5,000 messages shows its end ${Date.now() - began} ms after it was chosen`);
  while (await view.locator("#older").isVisible()) {
    const before = await view.locator(".turn").count();
    await view.locator("#log").evaluate((log) => (log.scrollTop = 0));
    await view.waitForFunction((count) => document.querySelectorAll(".turn").length > count, before);
  }
  assert.equal(await view.locator(".turn").count(), 2500);
  await say(view, "Count");
  await view.locator(".turn").last().getByText("word5").first().waitFor();
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
