// Colours code that is finished, when it comes into sight and nothing else is to be done; its text never moves.
import DOMPurify from "dompurify";
import { coloured } from "./languages.ts";

const SAFE = { ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], RETURN_DOM_FRAGMENT: true as const };
/** How far before it is seen, in pixels, and how long a busy page may put it off, in ms. */
const [AHEAD, LATEST] = [300, 500];

const seen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      requestIdleCallback(() => colour(target), { timeout: LATEST });
    }
  },
  { rootMargin: `${AHEAD}px` },
);

/** The language in which a block of code says it is written; empty where it does not. */
export function languageOf(code: Element): string {
  return /^language-(\S+)/.exec(code.className)?.[1] ?? "";
}

/** Colour the code in this element, later. */
export function colourWhenSeen(within: Element): void {
  for (const code of within.querySelectorAll("pre > code")) seen.observe(code);
}

/** What somebody selects is coloured when they have done with it: it would not be selected any more. */
function colour(code: Element): void {
  const selection = getSelection();
  if (selection && !selection.isCollapsed && selection.containsNode(code, true)) {
    return document.addEventListener("selectionchange", () => colour(code), { once: true });
  }
  const text = code.textContent ?? "";
  const html = coloured(text, languageOf(code));
  if (html === undefined) return;
  const fragment = DOMPurify.sanitize(html, SAFE);
  if (fragment.textContent === text) code.replaceChildren(fragment);
}
