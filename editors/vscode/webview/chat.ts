// The chat view: keeps the same view of the chat as the extension, by the same events, and draws it once a frame.
import type { PermissionRequestParams } from "../src/protocol.ts";
import type { Busy, FromView, ToView } from "../src/chat/messages.ts";
import { reduce } from "../src/chat/reduce.ts";
import { EMPTY, isRunning, type Turn, type View } from "../src/chat/view.ts";
import type { Word } from "../src/chat/words.ts";
import { Composer, IDLE } from "./composer.ts";
import { byId, h } from "./dom.ts";
import { ended } from "./ended.ts";
import { connect } from "./host.ts";
import { Log } from "./log.ts";
import { Older } from "./older.ts";
import { Pace } from "./pace.ts";
import type { Place } from "./place.ts";
import { plain } from "./text.ts";
import { showTold } from "./told.ts";
import { wording } from "./words.ts";

const t = wording<Word>();
const host = connect<FromView, ToView, { place?: Place | undefined }>(heard);
const say = host.say;

let view: View = EMPTY;
let requests: ReadonlyMap<string, PermissionRequestParams> = new Map();
let noted = false;
let advice: Extract<ToView, { type: "advice" }>["advice"];
let busy = IDLE;
/** The last turn when the chat was not busy. */
let before: Turn | undefined;
/** Where it was read before the page was hidden, until its turns are there. */
let place = host.recall()?.place;

const actions = {
  bar: codeBar,
  answer: (requestId: string, optionId: string) => say({ type: "answer", requestId, optionId }),
  fork: (turnId: string) => say({ type: "fork", turnId }),
  takeBack: (turnId: string) => say({ type: "takeBack", turnId }),
};
const log = new Log(byId("log"), byId("turns"), actions, (now) => host.keep({ place: now }));
const older = new Older(byId("older"), byId("log"), () => say({ type: "older" }));
const pace = new Pace(draw);
const composer = new Composer({
  send: (text) => {
    log.toEnd();
    say({ type: "send", text });
  },
  stop: () => say({ type: "stop" }),
  attach: () => say({ type: "attach" }),
  detach: (id) => say({ type: "detach", id }),
  withdraw: (number) => say({ type: "withdraw", number }),
  selectModel: () => say({ type: "selectModel" }),
  image: (mimeType, data) => say({ type: "image", mimeType, data }),
  files: (uris) => say({ type: "files", uris }),
  drafted: (text) => say({ type: "draft", text }),
  said: () => view.turns.flatMap(({ user }) => user?.text || []),
});

byId("log").setAttribute("aria-label", t("log"));
byId("older").textContent = t("older");
byId("problem").querySelector("button")?.addEventListener("click", () => say({ type: "problemButton" }));
byId("advice").querySelector("button")?.addEventListener("click", () => say({ type: "adviceButton" }));
byId("close").textContent = "×";
byId("close").setAttribute("aria-label", t("close"));
byId("close").addEventListener("click", () => {
  say({ type: "closeProblem" });
  composer.focus();
});
document.addEventListener("keydown", stopByEscape);
document.addEventListener("click", followLink);
say({ type: "ready" });

function heard(message: ToView): void {
  switch (message.type) {
    case "show":
      view = message.view;
      older.show(message.more);
      draw();
      log.toPlace(place);
      if (view.turns.length > 0) place = undefined;
      return;
    case "older":
      view = { ...view, turns: [...message.turns, ...view.turns] };
      log.prepend(message.turns, requests);
      return older.show(message.more, message.turns.length);
    case "events":
      view = message.events.reduce(reduce, view);
      return pace.soon();
    case "permissions":
      requests = new Map(message.requests.map((request) => [request.toolCallId, request]));
      announce(message.requests.map(({ summary }) => t("waiting", plain(summary))).join(" "));
      return pace.soon();
    case "busy":
      return showBusy(message);
    case "heading":
      byId("title").textContent = plain(message.heading.title) || t("newChat");
      return composer.showModel(message.heading.model);
    case "attachments":
      return composer.showAttachments(message.attachments);
    case "problem":
      older.failed();
      return showTold(byId("problem"), message.problem);
    case "advice":
      advice = message.advice;
      return showAdvice();
    case "draft":
      return composer.begin(message.text);
    case "unsaid":
      return composer.restore(message.text);
    case "focus":
      return composer.focus();
  }
}

function draw(): void {
  log.update(view.turns, requests);
  noteElsewhere();
  showAdvice();
}

function showAdvice(): void {
  showTold(byId("advice"), advice?.hint && view.turns.length > 0 ? undefined : advice);
}

function showBusy(now: Busy): void {
  const last = view.turns.at(-1);
  if (busy.busy !== now.busy) announce(now.busy ? t("answering") : ended(last === before ? undefined : last));
  if (!busy.busy) before = last;
  busy = now;
  composer.showBusy(now);
  noteElsewhere();
}

/** A question that another window is asked has no buttons here. */
function noteElsewhere(): void {
  const parts = busy.elsewhere && isRunning(view) ? (view.turns.at(-1)?.parts ?? []) : [];
  const waits = parts.some((part) => part.type === "tool" && part.status === "waiting" && !requests.has(part.toolCallId));
  if (waits !== noted) composer.note(waits ? t("elsewhere") : "");
  noted = waits;
}

/** Escape stops an answer, wherever the focus is, and does nothing else then. */
function stopByEscape(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.isComposing || !composer.isBusy) return;
  event.preventDefault();
  event.stopPropagation();
  say({ type: "stop" });
}

function announce(words: string): void {
  if (words) byId("announcer").textContent = words;
}

function codeBar(code: () => string, language: string): HTMLElement {
  const button = (word: Word, click: () => void): HTMLElement => h("button", { type: "button", click }, t(word));
  return h(
    "div",
    { class: "bar" },
    h("span", {}, language),
    button("copy", () => {
      say({ type: "copy", text: code() });
      announce(t("copied"));
    }),
    button("insert", () => say({ type: "insert", text: code() })),
    button("apply", () => say({ type: "apply", text: code(), language })),
  );
}

function followLink(event: Event): void {
  const link = (event.target as Element).closest?.("a[href]");
  if (!link) return;
  event.preventDefault();
  say({ type: "open", text: link.getAttribute("href") ?? "" });
}
