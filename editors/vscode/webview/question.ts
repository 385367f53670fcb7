// The question whether a tool may do something: everything one needs to decide, and last, by the buttons, the gist.
import type { Intent, PermissionRequestParams, Risk } from "../src/protocol.ts";
import type { Word } from "../src/chat/words.ts";
import { h } from "./dom.ts";
import { isDeceptive, plain } from "./text.ts";
import { wording } from "./words.ts";

const t = wording<Word>();

export type Answer = (requestId: string, optionId: string) => void;

export function riskOf(risk: Pick<Risk, "level"> | undefined): HTMLElement[] {
  return risk ? [h("span", { class: `risk ${risk.level}` }, t("risk", t(risk.level)))] : [];
}

export function intentOf(intent: Intent | undefined): HTMLElement[] {
  if (!intent) return [];
  const { purpose, scope, rationale } = intent;
  const gist = h("div", { class: "intent" }, `${t("purpose", t(purpose))} · ${t("scope", plain(scope))}`);
  return rationale ? [gist, h("div", { class: "intent" }, plain(rationale))] : [gist];
}

export function question(request: PermissionRequestParams, answer: Answer): HTMLElement {
  const { subject, risk, intent } = request;
  const reasons = risk.assessments.map(({ reason }) => h("li", {}, plain(reason)));
  return h(
    "div",
    { class: "question", role: "group", "aria-label": t("waiting", plain(request.summary)) },
    reasons.length > 0 ? h("ul", {}, ...reasons) : undefined,
    ...lines("removed", subject.oldText ?? undefined),
    ...lines("added", subject.newText ?? undefined),
    h(
      "div",
      { class: "decision" },
      textsOf(request).some(isDeceptive) ? h("p", { class: "notice warning" }, t("escapes")) : undefined,
      ...intentOf(intent ?? undefined),
      h("div", { class: "row" }, ...riskOf(risk), ...buttons(request, answer)),
    ),
  );
}

function textsOf({ subject, intent, summary }: PermissionRequestParams): string[] {
  const told: unknown[] = [summary, ...Object.values(subject), ...Object.values(intent ?? {})];
  return told.flat().filter((value) => typeof value === "string");
}

/** At a high risk what the eye and the thumb go to first is to deny. */
function buttons({ requestId, options, risk }: PermissionRequestParams, answer: Answer): HTMLElement[] {
  const primary = options.find(({ effect }) => effect === (risk.level === "high" ? "deny" : "allow"));
  return options.map((option) =>
    h(
      "button",
      { type: "button", class: option === primary ? `${option.effect} primary` : option.effect, click: () => answer(requestId, option.optionId) },
      option.name,
    ),
  );
}

function lines(kind: "removed" | "added", text: string | undefined): HTMLElement[] {
  if (!text) return [];
  const each = plain(text).replace(/\n$/, "").split("\n");
  return [h("pre", { class: kind, tabindex: "0" }, ...each.map((line) => h("span", { class: "line" }, `${line}\n`)))];
}
