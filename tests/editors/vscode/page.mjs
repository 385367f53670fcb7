// What the chat's page does with what it hears, in a real browser and without an editor: node page.mjs ARTEFACTS
import assert from "node:assert/strict";
import path from "node:path";
import { Chat, openChatPage } from "./chatpage.mjs";

const [artefacts] = process.argv.slice(2);
const MARKDOWN = `# Title

A **paragraph** with [a link](src/a.py:3), and [none](nothing:here).

- one
- two

  more
- three

| left | right |
| :--- | ---: |
| 1 | 2 |
| 3 | 4 |

> quoted
>
> - a

\`\`\`py
def f(a):
    return "${"a long line ".repeat(20)}"

# end
\`\`\`

1. First:
   \`\`\`sh
   ls
   \`\`\`
2. Last
`;
const CODE = `\`\`\`py\n${"x = 'a long line of code'  # ".repeat(6)}\n${"y = 1\n".repeat(60)}`;

const steps = [grows, holds, holdsDetails, shows, asks, announces, fits, links, olderComes, placeStays, still, waits, contrasts];
const opened = await openChatPage();
const { page, refused } = opened;
page.setDefaultTimeout(5000);
try {
  for (const step of steps) {
    await step(new Chat(opened));
    console.log(`  ✔ ${step.name}`);
  }
  assert.deepEqual(refused, [], "the page asks for nothing that its policy forbids");
} catch (error) {
  await page.screenshot({ path: path.join(artefacts, "page-failed.png") });
  console.error(error);
  process.exitCode = 1;
} finally {
  await opened.close();
}

/** The field is that of its chat; what waits has its lines; nothing is sent to a chat that is not there, nor without anything. */
async function waits(chat) {
  await chat.begin();
  const [input, send, lines] = ["#input", "#send", "#waiting li"].map((place) => page.locator(place));
  const sent = () => page.evaluate(() => window.said.filter(({ type }) => type === "send").map(({ text }) => text));
  await chat.hear({ type: "draft", text: "In b" });
  await chat.busy(false, { loads: true });
  await chat.drawn();
  assert.ok(await send.isDisabled());
  await input.press("Enter");
  assert.deepEqual([await input.inputValue(), await page.locator("#note").textContent()], ["In b", "The chat is being loaded; the message can be sent then."]);
  await chat.busy(true, { queues: true, waiting: [{ number: 2, text: "Two" }, { number: 3, text: "Three\nlines" }] });
  await chat.drawn();
  assert.deepEqual(await lines.locator("span").allTextContents(), ["Waiting: Two", "Waiting: Three lines"]);
  await lines.first().getByRole("button", { name: "Take back Two" }).click();
  assert.deepEqual(await page.evaluate(() => window.said.at(-1)), { type: "withdraw", number: 2 });
  await chat.hear({ type: "unsaid", text: "Two" });
  await chat.busy(false);
  await chat.drawn();
  assert.deepEqual([await input.inputValue(), await lines.count()], ["Two\n\nIn b", 0]);
  await chat.hear({ type: "draft", text: "" });
  await input.press("Enter");
  assert.deepEqual(await sent(), []);
  await chat.hear({ type: "attachments", attachments: [{ id: "1", label: "Image 1" }] });
  await chat.drawn();
  await input.press("Enter");
  assert.deepEqual(await sent(), [""]);
  await chat.hear({ type: "attachments", attachments: [] });
  await chat.busy(false);
}

/** An answer that came in pieces is drawn as one that came at once. */
async function grows(chat) {
  await chat.begin();
  for (let at = 0; at < MARKDOWN.length; at += 9) {
    await chat.write(MARKDOWN.slice(at, at + 9));
    await chat.drawn();
  }
  const grown = await drawing();
  await chat.begin();
  await chat.write(MARKDOWN);
  await chat.drawn();
  assert.equal(grown, await drawing());
  assert.equal(await page.locator(".markdown .bar").count(), 2);
  assert.equal(await page.locator("td.right").count(), 2);
}

function drawing() {
  return page.locator(".markdown").evaluate((element) => element.innerHTML.replaceAll(/<\/?span[^>]*>/g, ""));
}

/** Whoever selects, focuses, scrolls or presses something of an answer still does when it has grown. */
async function holds(chat) {
  await chat.begin();
  await chat.write(CODE);
  await chat.drawn();
  await page.locator(".code pre").evaluate((pre) => {
    pre.scrollLeft = 40;
    const text = pre.querySelector("code").querySelector("span").firstChild;
    getSelection().setBaseAndExtent(text, 2, text, 20);
  });
  await page.locator(".bar button").first().focus();
  await page.locator("#log").evaluate((log) => (log.scrollTop = 0));
  const selected = await page.evaluate(() => getSelection().toString());
  const box = await page.locator(".bar button").first().boundingBox();
  await page.mouse.move(box.x + 5, box.y + 5);
  await page.locator(".bar button").first().dispatchEvent("mousedown");
  for (let count = 0; count < 5; count += 1) {
    await chat.write("z = 2\n`");
    await chat.drawn();
  }
  assert.ok(selected.length === 18);
  assert.equal(await page.evaluate(() => getSelection().toString()), selected);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Copy");
  assert.equal(await page.locator(".code pre").evaluate((pre) => pre.scrollLeft), 40);
  await page.mouse.down();
  await chat.write("last = 3\n");
  await chat.drawn();
  await page.mouse.up();
  const copied = await chat.said("copy");
  assert.ok(copied.text.endsWith("`last = 3\n"), "what is copied is what is shown by then");
}

/** What was opened stays open, and what has the focus keeps it. */
async function holdsDetails(chat) {
  await chat.begin();
  await chat.event({ type: "reasoning.delta", messageId: "m", partId: "r", text: "Let me think.\n" });
  await page.locator(".thinking summary").click();
  await chat.event({ type: "reasoning.delta", messageId: "m", partId: "r", text: "And think." });
  await chat.drawn();
  assert.equal(await page.locator(".thinking[open] p").textContent(), "Let me think.\nAnd think.");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Thinking");
  await chat.event({ type: "tool.started", messageId: "m", toolCallId: "c", name: "run" });
  await chat.event({ type: "tool.outputDelta", toolCallId: "c", text: "one\n" });
  await page.locator(".tool summary").click();
  await chat.event({ type: "tool.outputDelta", toolCallId: "c", text: "two\n" });
  await chat.event({ type: "tool.completed", toolCallId: "c", status: "completed", content: "one\ntwo\n" });
  await page.locator(".tool.completed").waitFor();
  assert.equal(await page.locator(".tool details[open] pre:visible").textContent(), "one\ntwo\n");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Details");
}

/** Marks of direction and control characters are seen, and are copied as they are seen. */
async function shows(chat) {
  await chat.begin();
  await chat.write("Some \u202etext\u202c.\n\n```py\nif admin:\u202e # x\u0007\n```\n");
  await chat.drawn();
  assert.match(await page.locator(".markdown p").textContent(), /^Some \\u202etext\\u202c\.$/);
  await page.locator(".notice.warning:visible").getByText("Hidden characters").waitFor();
  await page.locator(".bar button", { hasText: "Apply" }).click();
  assert.equal((await chat.said("apply")).text, "if admin:\\u202e # x\\u0007\n");
  await chat.begin();
  await chat.ask({ subject: { tool: "apply_edit", path: "a.py", oldText: "a\r\nb", newText: "c\u2066d" } });
  assert.equal(await page.locator(".removed").textContent(), "a\nb\n");
  assert.equal(await page.locator(".added").textContent(), "c\\u2066d\n");
  await page.locator(".decision .notice").getByText("Hidden characters").waitFor();
}

/** What one decides by is beside the buttons, whose first choice is safe; the focus stays where the question was. */
async function asks(chat) {
  await page.setViewportSize({ width: 190, height: 420 });
  await chat.begin();
  await chat.ask({ subject: { tool: "apply_edit", path: "a.py", newText: "a_very_long_word ".repeat(400) } });
  await page.locator("#log").evaluate((log) => (log.scrollTop = log.scrollHeight));
  await page.screenshot({ path: path.join(artefacts, "page-question-narrow.png") });
  for (const shown of [".decision .risk", ".decision .intent", ".decision button"]) assert.ok(await inView(page.locator(shown).first()), shown);
  assert.ok(await page.locator(".added").evaluate((pre) => pre.scrollWidth <= pre.clientWidth), "long text wraps");
  assert.equal(await page.locator("button.primary").textContent(), "Deny");
  await chat.questions([{ ...chat.question }]);
  await page.locator(".decision button", { hasText: "Deny" }).focus();
  await chat.questions([{ ...chat.question }]);
  await chat.drawn();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Deny", "the same question is not drawn anew");
  await page.keyboard.press("Enter");
  assert.deepEqual(await chat.said("answer"), { type: "answer", requestId: "q", optionId: "deny" });
  await chat.questions([]);
  await page.locator(".question").waitFor({ state: "detached" });
  assert.ok(await page.evaluate(() => document.activeElement.matches("section.tool")));
  await page.setViewportSize({ width: 420, height: 700 });
}

async function inView(locator) {
  const box = await locator.boundingBox();
  const { width, height } = page.viewportSize();
  return box.x >= 0 && box.y >= 0 && box.x + box.width <= width + 1 && box.y + box.height <= height + 1;
}

/** How an answer ended is said as it was. */
async function announces(chat) {
  const ends = [
    [{ stopReason: "completed" }, "Answered."],
    [{ stopReason: "cancelled" }, "Stopped."],
    [{ stopReason: "refusal" }, "The model declined to answer."],
    [{ stopReason: "error", error: { code: "unauthorized", message: "The key is not valid." } }, "Failed: The key is not valid."],
  ];
  for (const [end, words] of ends) {
    await chat.begin({ busy: true });
    await chat.event({ type: "turn.completed", ...end });
    await chat.busy(false);
    await page.waitForFunction((expected) => document.getElementById("announcer").textContent === expected, words);
  }
  await chat.busy(true);
  await page.locator("#announcer").getByText("Answering…").waitFor();
  await chat.busy(false);
  await chat.drawn();
  assert.equal(await page.locator("#announcer").textContent(), "Answering…", "nothing ended that had not begun");
}

/** In a small view the log has most of the room, and one can always send. */
async function fits(chat) {
  await chat.begin();
  await chat.write(MARKDOWN);
  const label = "a file with a rather long name.py";
  await chat.hear({ type: "attachments", attachments: [1, 2, 3].map((id) => ({ id: String(id), label })) });
  await chat.hear({ type: "heading", heading: { title: "A chat", model: "provider/a-model-with-a-long-name", session: "" } });
  for (const [width, height, least] of [[420, 700, 400], [300, 300, 120], [190, 300, 110], [190, 500, 250], [420, 150, 60], [260, 130, 50], [190, 130, 45]]) {
    await page.setViewportSize({ width, height });
    await chat.drawn();
    await page.screenshot({ path: path.join(artefacts, `page-${width}x${height}.png`) });
    const log = await page.locator("#log").boundingBox();
    assert.ok(log.height >= least, `${width}x${height}: the log has ${log.height} px`);
    for (const id of ["#input", "#attach", "#send"]) assert.ok(await inView(page.locator(id)), `${width}x${height}: ${id} is seen`);
  }
  await chat.hear({ type: "attachments", attachments: [] });
  await page.setViewportSize({ width: 420, height: 700 });
}

/** A path with a line is a link, and what leads nowhere does not look like one. */
async function links(chat) {
  await chat.begin();
  await chat.write("[a](sample.py:3) [b](javascript:alert(1)) [c](command:x.y) <https://example.org>\n");
  await chat.drawn();
  assert.deepEqual(await page.locator(".markdown a[href]").evaluateAll((all) => all.map((a) => a.getAttribute("href"))), ["sample.py:3", "https://example.org"]);
  const [link, none, text] = await page.evaluate(() =>
    ["a[href]", "a:not([href])", "p"].map((each) => getComputedStyle(document.querySelector(`.markdown ${each}`)).color),
  );
  assert.ok(link !== text && none === text);
  await page.locator(".markdown a").first().click();
  assert.deepEqual(await chat.said("open"), { type: "open", text: "sample.py:3" });
}

/** Who scrolls up to the first message gets those before it, once, and stays where they read. */
async function olderComes(chat) {
  await chat.show(turns(20, 40), true);
  await page.waitForFunction(() => document.querySelector("#log").scrollTop > 0);
  assert.equal(await chat.count("older"), 0);
  await page.locator("#log").evaluate((log) => (log.scrollTop = 0));
  await chat.said("older");
  await page.waitForTimeout(200);
  assert.equal(await chat.count("older"), 1, "it is asked once");
  await chat.hear({ type: "problem", problem: { message: "It did not work." } });
  await page.locator("#older").click();
  await page.waitForFunction(() => window.said.filter(({ type }) => type === "older").length === 2);
  await chat.hear({ type: "problem" });
  const before = await page.locator("[data-turn=t20]").boundingBox();
  await chat.hear({ type: "older", turns: turns(0, 20), more: false });
  await page.locator("[data-turn=t0]").waitFor({ state: "attached" });
  assert.ok(Math.abs((await page.locator("[data-turn=t20]").boundingBox()).y - before.y) < 60);
}

/** A page that was hidden comes again where it was read; an end that was read is the end. */
async function placeStays(chat) {
  await chat.show(turns(0, 40), false);
  await page.locator("[data-turn=t12]").evaluate((turn) => turn.scrollIntoView());
  await page.locator("#log").evaluate((log) => (log.scrollTop += 20));
  await page.waitForFunction(() => JSON.parse(sessionStorage.getItem("kept") ?? "{}").place?.offset === 20);
  await page.reload();
  await chat.show([], false);
  await chat.show(turns(0, 40), false);
  await chat.drawn();
  const [turn, log] = [await page.locator("[data-turn=t12]").boundingBox(), await page.locator("#log").boundingBox()];
  assert.ok(Math.abs(log.y - turn.y - 20) < 2, `the place is at ${log.y - turn.y}`);
  await page.locator("#log").evaluate((log) => (log.scrollTop = log.scrollHeight));
  await page.waitForFunction(() => JSON.parse(sessionStorage.getItem("kept")).place === undefined);
}

function turns(from, to) {
  return Array.from({ length: to - from }, (_, index) => ({
    id: `t${from + index}`,
    user: { id: `u${from + index}`, text: `Question ${from + index}?` },
    parts: [{ type: "text", messageId: "m", partId: "p", text: `Answer ${from + index}. ${"Some words. ".repeat(20)}` }],
    stopReason: "completed",
  }));
}

/** Nothing moves for who wants nothing to move. */
async function still(chat) {
  await chat.begin();
  const animation = () => page.evaluate(() => getComputedStyle(document.querySelector(".turn.running .usage"), "::after").animationName);
  await page.locator(".turn.running").waitFor();
  assert.equal(await animation(), "pulse");
  await page.emulateMedia({ reducedMotion: "reduce" });
  assert.equal(await animation(), "none");
  await page.emulateMedia({ reducedMotion: null });
}

/** What is removed and what is added differ by more than their colour, and by nothing that is copied. */
async function contrasts(chat) {
  await chat.begin();
  await chat.ask({ subject: { tool: "apply_edit", path: "a.py", oldText: "old\nlines", newText: "new" } });
  const marks = await page.evaluate(() =>
    [".removed .line", ".added .line"].map((each) => [
      getComputedStyle(document.querySelector(each), "::before").content[1],
      getComputedStyle(document.querySelector(each)).borderLeftStyle,
    ]),
  );
  assert.deepEqual(marks, [["−", "dashed"], ["+", "solid"]]);
  await page.screenshot({ path: path.join(artefacts, "page-question.png") });
}
