// The messages that wait until others are answered, a line for each.
import type { Waiting } from "../src/chat/messages.ts";
import type { Word } from "../src/chat/words.ts";
import { h } from "./dom.ts";
import { plain } from "./text.ts";
import { wording } from "./words.ts";

const t = wording<Word>();

/** Draw them; a line that stays is the same element, so that it keeps the focus. */
export function showWaiting(list: HTMLElement, waiting: readonly Waiting[], withdraw: (number: number) => void): void {
  const drawn = new Map([...list.children].map((line) => [line.getAttribute("data-key"), line]));
  const lines = waiting.map((each) => drawn.get(keyOf(each)) ?? lineOf(each, withdraw));
  for (const line of drawn.values()) if (!lines.includes(line)) line.remove();
  for (const line of lines) if (!line.isConnected) list.append(line);
}

/** Another chat has the same numbers. */
function keyOf({ number, text }: Waiting): string {
  return `${number} ${text}`;
}

function lineOf(waiting: Waiting, withdraw: (number: number) => void): HTMLElement {
  const { number, text } = waiting;
  const words = plain(text).replace(/\s+/g, " ");
  return h(
    "li",
    { "data-key": keyOf(waiting) },
    h("span", {}, t("waits", words)),
    h("button", { type: "button", "aria-label": t("withdraw", words), click: () => withdraw(number) }, "×"),
  );
}
