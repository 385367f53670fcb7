// Makes a drawn element show what a fresh one shows, and keeps what can stay: whoever selects, focuses, presses or
// scrolls something of it still holds the same thing.

/** Make the children of `old`, from the one at `from` on, like `fresh`. */
export function patchChildren(old: Element, fresh: readonly Node[], from = 0): void {
  fresh.forEach((node, index) => {
    const known = old.childNodes[from + index];
    if (!known) old.append(node);
    else if (!patch(known, node)) known.replaceWith(node);
  });
  while (old.childNodes.length > from + fresh.length) old.lastChild?.remove();
}

/** Change only the end of the text that differs: a selection before it stays. */
export function patchText(node: Text, text: string): void {
  const { data } = node;
  if (data === text) return;
  const same = text.startsWith(data) ? data.length : commonLength(data, text);
  node.replaceData(same, data.length - same, text.slice(same));
}

/** False where the one cannot become the other. */
function patch(old: Node, fresh: Node): boolean {
  if (old instanceof Text && fresh instanceof Text) {
    patchText(old, fresh.data);
    return true;
  }
  if (!(old instanceof HTMLElement) || !(fresh instanceof HTMLElement)) return false;
  if (old.nodeName !== fresh.nodeName || !sameAttributes(old, fresh)) return false;
  if (old.classList.contains("code")) return patchCode(old, fresh);
  patchChildren(old, [...fresh.childNodes]);
  return true;
}

/** The bar of code belongs to its `code` element, which may be coloured. */
function patchCode(old: Element, fresh: Element): boolean {
  const [bar, freshBar] = [old.firstElementChild, fresh.firstElementChild];
  const [code, freshCode] = [old.querySelector("pre > code"), fresh.querySelector("pre > code")];
  if (!bar || !freshBar || !code || !freshCode || !bar.isEqualNode(freshBar)) return false;
  if (code.textContent !== freshCode.textContent) patchChildren(code, [...freshCode.childNodes]);
  return true;
}

function sameAttributes(one: Element, other: Element): boolean {
  const names = one.getAttributeNames();
  return names.length === other.attributes.length && names.every((name) => one.getAttribute(name) === other.getAttribute(name));
}

function commonLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  return length;
}
