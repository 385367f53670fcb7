// A turn on the page; only what changed of it is drawn again.
import type { PermissionRequestParams } from "../src/protocol.ts";
import type { Part, Turn } from "../src/chat/view.ts";
import type { Word } from "../src/chat/words.ts";
import { h } from "./dom.ts";
import { endOf } from "./ended.ts";
import type { CodeBar } from "./markdown.ts";
import { elementFor, keyOf, type PartElement } from "./parts.ts";
import { patchChildren } from "./patch.ts";
import type { Answer } from "./question.ts";
import { plain, share } from "./text.ts";
import { wording } from "./words.ts";

const t = wording<Word>();

export interface Actions {
  readonly bar: CodeBar;
  readonly answer: Answer;
  readonly fork: (turnId: string) => void;
  readonly takeBack: (turnId: string) => void;
}

interface Drawn {
  readonly view: PartElement;
  readonly key: string;
  part: Part | undefined;
  request: PermissionRequestParams | undefined;
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
    this.element = h("article", { class: "turn", "data-turn": id, "data-vscode-context": JSON.stringify({ webviewSection: "turn", turnId: id }) }, this.user, this.body, this.foot);
  }

  update(turn: Turn, requests: ReadonlyMap<string, PermissionRequestParams>): void {
    turn.parts.forEach((part, index) => this.updatePart(part, index, requestFor(part, requests)));
    for (const { view } of this.drawn.splice(turn.parts.length)) view.element.remove();
    if (turn === this.turn) return;
    const finished = turn.stopReason === undefined ? this.drawn.slice(0, -1) : this.drawn;
    for (const { view } of finished) view.finish?.();
    if (turn.user !== this.turn?.user) this.user.replaceChildren(...userOf(turn, this.actions));
    patchChildren(this.foot, footOf(turn));
    this.element.classList.toggle("running", turn.stopReason === undefined);
    this.turn = turn;
  }

  private updatePart(part: Part, index: number, request: PermissionRequestParams | undefined): void {
    const old = this.drawn[index];
    if (old?.part === part && old.request === request) return;
    const drawn = this.place(part, index);
    drawn.view.update(part, request);
    [drawn.part, drawn.request] = [part, request];
  }

  /** What is drawn there for this part, which may have to be begun. */
  private place(part: Part, index: number): Drawn {
    const [old, key] = [this.drawn[index], keyOf(part)];
    if (old?.key === key) return old;
    const view = elementFor(part, this.actions.bar, this.actions.answer);
    if (old) old.view.element.replaceWith(view.element);
    else this.body.append(view.element);
    return (this.drawn[index] = { view, key, part: undefined, request: undefined });
  }
}

function requestFor(part: Part, requests: ReadonlyMap<string, PermissionRequestParams>): PermissionRequestParams | undefined {
  return part.type === "tool" ? requests.get(part.toolCallId) : undefined;
}

function userOf(turn: Turn, actions: Actions): HTMLElement[] {
  if (!turn.user) return [];
  const { id, text = "", attachments = [] } = turn.user;
  const labels = attachments.map(({ label }) => h("li", {}, plain(label)));
  const button = (word: Word, about: Word, click: () => void): HTMLElement =>
    h("button", { type: "button", title: t(about), "aria-label": t(about), click }, t(word));
  const buttons = [
    button("fork", "forkHere", () => actions.fork(turn.id)),
    button("takeBack", "takeBackHere", () => actions.takeBack(turn.id)),
  ];
  return [
    h("h2", {}, t("you")),
    h("p", { class: "said" }, plain(text)),
    ...(labels.length > 0 ? [h("ul", { class: "attachments" }, ...labels)] : []),
    ...(id === undefined ? [] : [h("div", { class: "quiet row" }, ...buttons)]),
  ];
}

function footOf(turn: Turn): HTMLElement[] {
  const end = endOf(turn);
  const { retry, error } = turn;
  return [
    ...(retry ? [h("p", { class: "notice warning" }, t("retry", retry.attempt, plain(retry.error.message)))] : []),
    ...(error ? [h("p", { class: "notice error" }, plain(error.message))] : []),
    ...(end ? [h("p", { class: "notice info" }, end)] : []),
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
