// A turn on the page; only what changed of it is drawn again.
import type { PermissionRequestParams } from "../src/protocol.ts";
import type { NoticePart, Part, ReroutedPart, ToolPart, Turn, WrittenPart } from "../src/chat/view.ts";
import type { Word } from "../src/chat/words.ts";
import { h } from "./dom.ts";
import { type CodeBar, Markdown } from "./markdown.ts";
import { plain, share } from "./text.ts";
import { type Answer, card } from "./tool.ts";
import { wording } from "./words.ts";

const t = wording<Word>();

export interface Actions {
  readonly bar: CodeBar;
  readonly answer: Answer;
  readonly revert: (messageId: string) => void;
}

interface Drawn {
  readonly element: HTMLElement;
  part: Part;
  request: PermissionRequestParams | undefined;
  readonly markdown?: Markdown;
}

export class TurnElement {
  readonly element: HTMLElement;
  private readonly user = h("div", { class: "user" });
  private readonly body = h("div", { class: "parts" });
  private readonly foot = h("footer");
  private readonly actions: Actions;
  private drawn: Drawn[] = [];
  private turn: Turn | undefined;

  constructor(id: string, actions: Actions) {
    this.actions = actions;
    this.element = h("article", { class: "turn", "data-turn": id }, this.user, this.body, this.foot);
  }

  update(turn: Turn, requests: ReadonlyMap<string, PermissionRequestParams>): void {
    turn.parts.forEach((part, index) => this.updatePart(part, index, requestFor(part, requests)));
    for (const gone of this.drawn.splice(turn.parts.length)) gone.element.remove();
    if (turn === this.turn) return;
    if (turn.user !== this.turn?.user) this.user.replaceChildren(...userOf(turn, this.actions));
    this.foot.replaceChildren(...footOf(turn));
    this.element.classList.toggle("running", turn.stopReason === undefined);
    this.turn = turn;
  }

  private updatePart(part: Part, index: number, request: PermissionRequestParams | undefined): void {
    const old = this.drawn[index];
    if (old && old.part === part && old.request === request) return;
    if (old?.markdown && part.type === "text" && old.part.type === "text") {
      old.markdown.update(part.text);
      old.part = part;
      return;
    }
    const next = this.draw(part, request, old);
    if (old) old.element.replaceWith(next.element);
    else this.body.append(next.element);
    this.drawn[index] = next;
  }

  private draw(part: Part, request: PermissionRequestParams | undefined, old: Drawn | undefined): Drawn {
    if (part.type === "text") return this.drawText(part);
    const open = old?.element.querySelector("details")?.open ?? false;
    return { element: this.drawOther(part, request, open), part, request };
  }

  private drawText(part: WrittenPart): Drawn {
    const markdown = new Markdown(this.actions.bar);
    markdown.update(part.text);
    return { element: markdown.element, part, request: undefined, markdown };
  }

  private drawOther(part: Part, request: PermissionRequestParams | undefined, open: boolean): HTMLElement {
    switch (part.type) {
      case "tool":
        return card(part, request, open, this.actions.answer);
      case "notice":
        return notice(part);
      case "rerouted":
        return rerouted(part);
      default:
        return thinking(part, open);
    }
  }
}

function requestFor(part: Part, requests: ReadonlyMap<string, PermissionRequestParams>) {
  return part.type === "tool" ? requests.get((part satisfies ToolPart).toolCallId) : undefined;
}

function thinking(part: WrittenPart, open: boolean): HTMLElement {
  return h("details", { class: "thinking", open }, h("summary", {}, t("thinking")), h("p", {}, plain(part.text)));
}

function notice(part: NoticePart): HTMLElement {
  return h("p", { class: `notice ${part.severity}`, role: "note" }, plain(part.message));
}

function rerouted(part: ReroutedPart): HTMLElement {
  return h("p", { class: "notice info", role: "note" }, t("rerouted", plain(part.to), plain(part.from), plain(part.reason)));
}

function userOf(turn: Turn, actions: Actions): HTMLElement[] {
  if (!turn.user) return [];
  const { id, text = "", attachments = [] } = turn.user;
  const labels = attachments.map(({ label }) => h("li", {}, plain(label)));
  const revert = id === undefined ? undefined : h("button", { type: "button", class: "quiet", click: () => actions.revert(id) }, t("revert"));
  return [
    h("h2", {}, t("you")),
    h("p", { class: "said" }, plain(text)),
    ...(labels.length > 0 ? [h("ul", { class: "attachments" }, ...labels)] : []),
    ...(revert ? [revert] : []),
  ];
}

const ENDS: Partial<Record<NonNullable<Turn["stopReason"]>, Word>> = {
  maxTokens: "endMaxTokens",
  maxRounds: "endMaxRounds",
  limit: "endLimit",
  refusal: "endRefusal",
  contentFilter: "endContentFilter",
  toolDenied: "endToolDenied",
  cancelled: "endCancelled",
  interrupted: "endInterrupted",
};

function footOf(turn: Turn): HTMLElement[] {
  const end = turn.stopReason && ENDS[turn.stopReason];
  const { retry, error } = turn;
  return [
    ...(retry ? [h("p", { class: "notice warning" }, t("retry", retry.attempt, plain(retry.error.message)))] : []),
    ...(error ? [h("p", { class: "notice error" }, plain(error.message))] : []),
    ...(end ? [h("p", { class: "notice info" }, t(end))] : []),
    h("p", { class: "usage" }, usageLine(turn)),
  ];
}

function usageLine(turn: Turn): string {
  const percent = share(turn.context);
  const told = [
    turn.model,
    turn.usage?.totalTokens ? t("usage", turn.usage.totalTokens.toLocaleString()) : undefined,
    turn.cost && t("cost", turn.cost.amount),
    percent === undefined ? undefined : t("context", percent),
  ];
  return told.filter((each) => each !== undefined).join(" · ");
}
