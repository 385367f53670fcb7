// A tool's card: what is called, what for and at what risk, the question for permission, and what came of it.
import type { PermissionRequestParams } from "../src/protocol.ts";
import type { ToolPart, ToolStatus } from "../src/chat/view.ts";
import type { Word } from "../src/chat/words.ts";
import { h } from "./dom.ts";
import { GrowingText } from "./growingtext.ts";
import { patchChildren } from "./patch.ts";
import { type Answer, intentOf, question, riskOf } from "./question.ts";
import { plain } from "./text.ts";
import { wording } from "./words.ts";

const t = wording<Word>();
const STATUS: Record<ToolStatus, Word> = {
  writing: "statusWriting",
  ready: "statusReady",
  waiting: "statusWaiting",
  running: "statusRunning",
  completed: "statusCompleted",
  failed: "statusFailed",
  denied: "statusDenied",
  cancelled: "statusCancelled",
  interrupted: "statusInterrupted",
};

/** The card of one call, changed in place. */
export class Card {
  readonly element: HTMLElement;
  private readonly head = h("div", { class: "row" });
  private readonly about = h("div");
  private readonly asked = h("div");
  private readonly details = new Details();
  private readonly answer: Answer;
  private requestId: string | undefined;

  constructor(answer: Answer) {
    this.answer = answer;
    this.element = h("section", { tabindex: "-1" }, this.head, this.about, this.asked, this.details.element);
  }

  /** `request` is the open question about this call. */
  update(part: ToolPart, request: PermissionRequestParams | undefined): void {
    const [name, status] = [plain(part.name ?? ""), t(STATUS[part.status])];
    this.element.className = `tool ${part.status}`;
    this.element.setAttribute("aria-label", `${name} ${status}`);
    const subject = plain(request?.summary ?? shortly(part));
    const risk = request ? [] : riskOf(part.risk);
    patchChildren(this.head, [h("code", {}, name), h("span", { class: "status" }, status), ...risk]);
    patchChildren(this.about, [...(subject ? [h("div", { class: "subject" }, subject)] : []), ...(request ? [] : intentOf(part.intent))]);
    this.ask(request);
    this.details.update(part);
  }

  /** Who has the focus in a question that is answered comes to its card, and not to the beginning of the page. */
  private ask(request: PermissionRequestParams | undefined): void {
    if (request?.requestId === this.requestId) return;
    const held = this.asked.contains(document.activeElement);
    this.asked.replaceChildren(...(request ? [question(request, this.answer)] : []));
    this.requestId = request?.requestId;
    if (held) this.element.focus();
  }
}

function shortly(part: ToolPart): string {
  const { path, argv, url, query } = part.input ?? {};
  const told = argv ?? path ?? url ?? query;
  return Array.isArray(told) ? told.join(" ") : String(told ?? "");
}

/** What a tool was given and gave, to be opened. */
class Details {
  readonly element: HTMLElement;
  private readonly texts = [h("pre", { tabindex: "0" }), h("pre", { tabindex: "0" })].map((element) => ({ element, text: new GrowingText(element) }));

  constructor() {
    this.element = h("details", {}, h("summary", {}, t("details")), ...this.texts.map(({ element }) => element));
  }

  update(part: ToolPart): void {
    const input = part.arguments ?? (part.input && JSON.stringify(part.input, null, 2));
    const given = [input ?? "", part.content ?? part.output ?? ""];
    this.texts.forEach(({ element, text }, index) => {
      text.update(plain(given[index] ?? ""));
      element.hidden = !given[index];
    });
    this.element.hidden = !given.some(Boolean);
  }
}
