// The rows of the context view: each stays the same element while what it shows changes, and keeps the focus.
import type { Action, Row } from "../src/context/messages.ts";
import type { Word } from "../src/context/words.ts";
import { h } from "./dom.ts";
import { plain } from "./text.ts";
import { wording } from "./words.ts";

const t = wording<Word>();
/** What takes a button's place when it goes. */
const INSTEAD: Partial<Record<Action, Action>> = { delete: "undo", undo: "delete", refresh: "pin" };

export type Act = (action: Action, id: string) => void;

/** Make the rows in the list, which follow its first element, these ones. */
export function drawRows(list: HTMLElement, rows: readonly Row[], act: Act): void {
  const focused = document.activeElement;
  const known = new Map([...list.querySelectorAll<HTMLElement>(".chunk")].map((element) => [element.id, element]));
  let last = list.firstElementChild;
  for (const row of rows) {
    const element = known.get(idOf(row)) ?? rowOf(row, act);
    known.delete(element.id);
    update(element, row);
    if (last?.nextElementSibling !== element) last?.after(element);
    last = element;
  }
  for (const gone of known.values()) gone.remove();
  if (focused instanceof HTMLElement && list.contains(focused)) keepFocus(focused);
}

function idOf({ chunk }: Row): string {
  return `context-chunk-${chunk.id}`;
}

function rowOf(row: Row, act: Act): HTMLElement {
  const { id } = row.chunk;
  const button = (action: Action): HTMLElement => h("button", { type: "button", "data-action": action, click: () => act(action, id) });
  const [label, refresh] = [button("open"), button("refresh")];
  label.className = "label";
  return h(
    "div",
    { id: idOf(row), role: "listitem" },
    label,
    h("span", { class: "facts" }),
    h("span", { class: "row" }, refresh, button("pin"), button("delete"), button("undo")),
  );
}

function update(element: HTMLElement, { chunk, deleted }: Row): void {
  const label = plain(chunk.source === "message" ? `${chunk.label}: ${chunk.preview}` : chunk.label);
  const tokens = t(chunk.tokensEstimated ? "about" : "tokens", chunk.tokens.toLocaleString());
  const facts = [t(chunk.scope), tokens, ...(chunk.stale ? [t("stale")] : []), ...(deleted ? [t("deleted")] : [])].join(" · ");
  const hidden: Record<Action, boolean> = { open: false, refresh: deleted || !chunk.stale, pin: deleted, delete: deleted, undo: !deleted };
  element.className = deleted ? "chunk deleted" : "chunk";
  for (const part of element.querySelectorAll<HTMLElement>("[data-action]")) {
    const action = part.dataset["action"] as Action;
    part.hidden = hidden[action];
    setText(part, action === "open" ? label : t(action));
    if (action === "open") part.title = plain(chunk.preview);
    else part.setAttribute("aria-label", `${t(action)}: ${label}`);
    if (action === "pin") part.setAttribute("aria-pressed", String(chunk.pinned));
  }
  const told = element.querySelector(".facts");
  if (told) setText(told, facts);
}

function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Who had the focus keeps it; where the button went, the one in its place has it. */
function keepFocus(button: HTMLElement): void {
  const instead = INSTEAD[button.dataset["action"] as Action];
  if (button.hidden && instead) button.closest(".chunk")?.querySelector<HTMLElement>(`[data-action=${instead}]`)?.focus();
  else button.focus();
}
