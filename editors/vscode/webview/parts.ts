// The parts of a turn on the page, each of which changes in place.
import type { PermissionRequestParams } from "../src/protocol.ts";
import type { NoticePart, Part, ReroutedPart, ToolPart, WrittenPart } from "../src/chat/view.ts";
import type { Word } from "../src/chat/words.ts";
import { h } from "./dom.ts";
import { GrowingText } from "./growingtext.ts";
import { type CodeBar, Markdown } from "./markdown.ts";
import type { Answer } from "./question.ts";
import { Shown } from "./shown.ts";
import { plain } from "./text.ts";
import { Card } from "./tool.ts";
import { wording } from "./words.ts";

const t = wording<Word>();

export interface PartElement {
  readonly element: HTMLElement;
  update(part: Part, request: PermissionRequestParams | undefined): void;
  /** Nothing more comes to it. */
  finish?(): void;
}

/** An element for this part and those that follow it with the same key. */
export function elementFor(part: Part, bar: CodeBar, answer: Answer): PartElement {
  switch (part.type) {
    case "text":
      return text(bar);
    case "reasoning":
      return thinking();
    case "tool":
      return tool(answer);
    case "notice":
      return notice(part);
    case "rerouted":
      return rerouted(part);
  }
}

/** What the part is about; another part has another key. */
export function keyOf(part: Part): string {
  switch (part.type) {
    case "text":
    case "reasoning":
      return JSON.stringify([part.type, part.messageId, part.partId]);
    case "tool":
      return JSON.stringify([part.type, part.toolCallId]);
    default:
      return JSON.stringify(part);
  }
}

function text(bar: CodeBar): PartElement {
  const [markdown, shown] = [new Markdown(bar), new Shown()];
  const warning = h("p", { class: "notice warning", hidden: true }, t("escapes"));
  return {
    element: h("div", {}, warning, markdown.element),
    update: (part) => {
      markdown.update(shown.update((part as WrittenPart).text));
      warning.hidden = !shown.deceptive;
    },
    finish: () => markdown.finish(),
  };
}

function thinking(): PartElement {
  const paragraph = h("p");
  const [growing, shown] = [new GrowingText(paragraph), new Shown()];
  return {
    element: h("details", { class: "thinking" }, h("summary", {}, t("thinking")), paragraph),
    update: (part) => growing.update(shown.update((part as WrittenPart).text)),
  };
}

function tool(answer: Answer): PartElement {
  const card = new Card(answer);
  return { element: card.element, update: (part, request) => card.update(part as ToolPart, request) };
}

function notice(part: NoticePart): PartElement {
  const element = h("p", { class: `notice ${part.severity}`, role: "note" }, plain(part.message));
  return { element, update: () => undefined };
}

function rerouted(part: ReroutedPart): PartElement {
  const element = h("p", { class: "notice info", role: "note" }, t("rerouted", plain(part.to), plain(part.from), plain(part.reason)));
  return { element, update: () => undefined };
}
