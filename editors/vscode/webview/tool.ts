// A tool's card: what is called, what for and at what risk, the question for permission, and what came of it.
import type { PermissionRequestParams } from "../src/protocol.ts";
import type { ToolPart, ToolStatus } from "../src/chat/view.ts";
import type { Word } from "../src/chat/words.ts";
import { h } from "./dom.ts";
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

export type Answer = (requestId: string, optionId: string) => void;

/** The card; `request` is the open question about this call. `open` says whether details are shown. */
export function card(part: ToolPart, request: PermissionRequestParams | undefined, open: boolean, answer: Answer) {
  const status = t(STATUS[part.status]);
  return h(
    "section",
    { class: `tool ${part.status}`, "aria-label": `${plain(part.name ?? "")} ${status}` },
    h("div", { class: "row" }, h("code", {}, plain(part.name ?? "")), h("span", { class: "status" }, status), risk(part)),
    subject(part, request),
    ...intent(part),
    request && question(request, answer),
    details(part, open),
  );
}

function risk(part: ToolPart): HTMLElement | undefined {
  if (!part.risk) return undefined;
  const { level } = part.risk;
  return h("span", { class: `risk ${level}` }, t("risk", t(level)));
}

function subject(part: ToolPart, request: PermissionRequestParams | undefined): HTMLElement | undefined {
  const text = request?.summary ?? shortly(part);
  return text ? h("div", { class: "subject" }, plain(text)) : undefined;
}

function shortly(part: ToolPart): string {
  const { path, argv, url, query } = part.input ?? {};
  const told = argv ?? path ?? url ?? query;
  return Array.isArray(told) ? told.join(" ") : String(told ?? "");
}

function intent(part: ToolPart): (HTMLElement | undefined)[] {
  if (!part.intent) return [];
  const { purpose, scope, rationale } = part.intent;
  return [
    h("div", { class: "intent" }, `${t("purpose", t(purpose))} · ${t("scope", plain(scope))}`),
    rationale ? h("div", { class: "intent" }, plain(rationale)) : undefined,
  ];
}

function question(request: PermissionRequestParams, answer: Answer): HTMLElement {
  const reasons = request.risk.assessments.map(({ reason }) => h("li", {}, plain(reason)));
  const buttons = request.options.map(({ optionId, name, effect }) =>
    h("button", { type: "button", class: effect, click: () => answer(request.requestId, optionId) }, name),
  );
  const { oldText, newText } = request.subject;
  return h(
    "div",
    { class: "question", role: "group", "aria-label": t("waiting", plain(request.summary)) },
    reasons.length > 0 ? h("ul", {}, ...reasons) : undefined,
    oldText ? h("pre", { class: "removed", tabindex: "0" }, plain(oldText)) : undefined,
    newText ? h("pre", { class: "added", tabindex: "0" }, plain(newText)) : undefined,
    h("div", { class: "row" }, ...buttons),
  );
}

function details(part: ToolPart, open: boolean): HTMLElement | undefined {
  const input = part.arguments ?? (part.input && JSON.stringify(part.input, null, 2));
  const output = part.content ?? part.output;
  if (!input && !output) return undefined;
  return h(
    "details",
    { open },
    h("summary", {}, t("details")),
    input ? h("pre", { tabindex: "0" }, plain(input)) : undefined,
    output ? h("pre", { tabindex: "0" }, plain(output)) : undefined,
  );
}
