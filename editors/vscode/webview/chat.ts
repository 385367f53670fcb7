// The chat view: keeps the same view of the chat as the extension, by the same events, and draws it once a frame.
import type { PermissionRequestParams } from "../src/protocol.ts";
import type { FromView, Problem, ToView } from "../src/chat/messages.ts";
import { reduce } from "../src/chat/reduce.ts";
import { EMPTY, type View } from "../src/chat/view.ts";
import type { Word } from "../src/chat/words.ts";
import { Composer } from "./composer.ts";
import { byId, h } from "./dom.ts";
import { connect } from "./host.ts";
import { Log } from "./log.ts";
import { plain } from "./text.ts";
import { wording } from "./words.ts";

const t = wording<Word>();
const host = connect<FromView, ToView, { draft: string }>(heard);
const say = host.say;

let view: View = EMPTY;
let requests: ReadonlyMap<string, PermissionRequestParams> = new Map();
let frame: number | undefined;
let busy = false;

const log = new Log(byId("log"), byId("turns"), {
  bar: codeBar,
  answer: (requestId, optionId) => say({ type: "answer", requestId, optionId }),
  revert: (messageId) => say({ type: "revert", messageId }),
});
const composer = new Composer(
  {
    send: (text) => {
      log.toEnd();
      say({ type: "send", text });
    },
    stop: () => say({ type: "stop" }),
    attach: () => say({ type: "attach" }),
    detach: (id) => say({ type: "detach", id }),
    selectModel: () => say({ type: "selectModel" }),
    drafted: (draft) => host.keep({ draft }),
  },
  host.recall()?.draft ?? "",
);

byId("log").setAttribute("aria-label", t("log"));
byId("older").textContent = t("older");
byId("older").addEventListener("click", () => say({ type: "older" }));
byId("problem").querySelector("button")?.addEventListener("click", () => say({ type: "problemButton" }));
document.addEventListener("click", followLink);
say({ type: "ready" });

function heard(message: ToView): void {
  switch (message.type) {
    case "show":
      view = message.view;
      showMore(message.more);
      draw();
      return log.toEnd();
    case "older":
      view = { ...view, turns: [...message.turns, ...view.turns] };
      showMore(message.more);
      return log.prepend(message.turns, requests);
    case "events":
      view = message.events.reduce(reduce, view);
      return drawSoon();
    case "permissions":
      requests = new Map(message.requests.map((request) => [request.toolCallId, request]));
      announce(message.requests.map(({ summary }) => t("waiting", plain(summary))).join(" "));
      return drawSoon();
    case "busy":
      return showBusy(message.busy);
    case "heading":
      byId("title").textContent = plain(message.heading.title) || t("newChat");
      return composer.showModel(message.heading.model);
    case "attachments":
      return composer.showAttachments(message.attachments);
    case "problem":
      return showProblem(message.problem);
    case "unsaid":
      return composer.restore(message.text);
    case "focus":
      return composer.focus();
  }
}

/** Drawn once a frame, however many events arrive; a hidden page has no frames and draws at once. */
function drawSoon(): void {
  if (document.hidden) return draw();
  frame ??= requestAnimationFrame(draw);
}

function draw(): void {
  frame = undefined;
  log.update(view.turns, requests);
}

function showBusy(now: boolean): void {
  if (busy !== now) announce(now ? t("answering") : t("answered"));
  busy = now;
  composer.showBusy(now);
}

function showMore(more: boolean): void {
  byId("older").hidden = !more;
}

function showProblem(problem: Problem | undefined): void {
  const bar = byId("problem");
  const [words, button] = [bar.querySelector("span"), bar.querySelector("button")];
  bar.hidden = problem === undefined;
  if (words) words.textContent = problem?.message ?? "";
  if (!button) return;
  button.hidden = problem?.button === undefined;
  button.textContent = problem?.button ?? "";
}

function announce(words: string): void {
  if (words) byId("announcer").textContent = words;
}

function codeBar(code: string, language: string): HTMLElement {
  const button = (word: Word, click: () => void): HTMLElement => h("button", { type: "button", click }, t(word));
  return h(
    "div",
    { class: "bar" },
    h("span", {}, language),
    button("copy", () => {
      say({ type: "copy", text: code });
      announce(t("copied"));
    }),
    button("insert", () => say({ type: "insert", text: code })),
    button("apply", () => say({ type: "apply", text: code, language })),
  );
}

function followLink(event: Event): void {
  const link = (event.target as Element).closest?.("a[href]");
  if (!link) return;
  event.preventDefault();
  say({ type: "open", text: link.getAttribute("href") ?? "" });
}
