// The context view: every chunk a request would send, and those that were deleted and can come back.
import type { Action, ContextState, FromContext, Row, ToContext } from "../src/context/messages.ts";
import type { Word } from "../src/context/words.ts";
import { byId, h } from "./dom.ts";
import { connect } from "./host.ts";
import { plain } from "./text.ts";
import { wording } from "./words.ts";

const t = wording<Word>();
const host = connect<FromContext, ToContext, undefined>(({ state }) => show(state));

byId("context-chunks").setAttribute("aria-label", t("chunks"));
byId("context-chunks-empty").textContent = t("empty");
byId("add").textContent = t("add");
byId("add").addEventListener("click", () => host.say({ type: "add" }));
host.say({ type: "ready" });

function show({ rows, total, budget }: ContextState): void {
  const list = byId("context-chunks");
  const focused = focusedButton();
  for (const old of list.querySelectorAll(".chunk")) old.remove();
  list.append(...rows.map(rowOf));
  byId("context-chunks-empty").hidden = rows.some(({ deleted }) => !deleted);
  byId("total").textContent = budget?.size
    ? t("budget", budget.used.toLocaleString(), budget.size.toLocaleString())
    : t("total", total.tokens.toLocaleString());
  if (focused) restoreFocus(focused);
}

function rowOf({ chunk, deleted }: Row): HTMLElement {
  const tokens = t(chunk.tokensEstimated ? "about" : "tokens", chunk.tokens.toLocaleString());
  const label = plain(chunk.source === "message" ? `${chunk.label}: ${chunk.preview}` : chunk.label);
  const button = (action: Action, word: Word, hidden: boolean, pressed?: boolean): HTMLElement =>
    h(
      "button",
      {
        type: "button",
        "data-action": action,
        "aria-label": `${t(word)}: ${label}`,
        "aria-pressed": pressed === undefined ? undefined : String(pressed),
        hidden,
        click: () => host.say({ type: "act", action, id: chunk.id }),
      },
      t(word),
    );
  return h(
    "div",
    { id: `context-chunk-${chunk.id}`, class: deleted ? "chunk deleted" : "chunk", role: "listitem" },
    h("button", { type: "button", class: "label", title: plain(chunk.preview), click: () => host.say({ type: "act", action: "open", id: chunk.id }) }, label),
    h("span", { class: "facts" }, [t(chunk.scope), tokens, ...(chunk.stale ? [t("stale")] : []), ...(deleted ? [t("deleted")] : [])].join(" · ")),
    h(
      "span",
      { class: "row" },
      button("refresh", "refresh", deleted || !chunk.stale),
      button("pin", chunk.pinned ? "unpin" : "pin", deleted, chunk.pinned),
      button("delete", "delete", deleted),
      button("undo", "undo", !deleted),
    ),
  );
}

/** Which row and place in it has the focus. */
function focusedButton(): { row: string; action: string } | undefined {
  const button = document.activeElement?.closest<HTMLElement>("button[data-action]");
  const row = button?.closest(".chunk");
  return button && row ? { row: row.id, action: button.dataset["action"] ?? "" } : undefined;
}

/** Give the focus back; where the button is gone, to the one that undoes or does it. */
function restoreFocus({ row, action }: { row: string; action: string }): void {
  const buttons = [...(document.getElementById(row)?.querySelectorAll<HTMLElement>("button[data-action]") ?? [])];
  const shown = buttons.filter((button) => !button.hidden);
  (shown.find((button) => button.dataset["action"] === action) ?? shown[0])?.focus();
}
