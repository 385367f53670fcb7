// Markdown from a model as elements: no HTML of its own, no images, nothing that loads or runs.
import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";
import { colourWhenSeen, languageOf } from "./colours.ts";
import { h } from "./dom.ts";
import { type Block, Growing } from "./growing.ts";
import { GrowingText } from "./growingtext.ts";
import { HREF } from "./links.ts";
import { patchChildren } from "./patch.ts";

const parser = new MarkdownIt({ html: false, linkify: true }).disable("image");
for (const cell of ["th_open", "td_open"]) {
  parser.renderer.rules[cell] = (tokens, index, options, _env, self) => {
    const token = tokens[index];
    const [, side] = /^text-align:(\w+)$/.exec(token?.attrGet("style") ?? "") ?? [];
    if (token && side) token.attrs = [["class", side]];
    return self.renderToken(tokens, index, options);
  };
}
const TAGS = [
  "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
  "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
];
const SAFE = {
  ALLOWED_TAGS: TAGS,
  ALLOWED_ATTR: ["class", "href", "start"],
  ALLOWED_URI_REGEXP: HREF,
  RETURN_DOM_FRAGMENT: true as const,
};

/** What is put above a block of code, which may still be written. */
export type CodeBar = (code: () => string, language: string) => HTMLElement;

interface Drawn {
  readonly element: HTMLElement;
  readonly before: string;
  readonly code?: GrowingText;
}

/** A text that grows. What is finished of it is drawn once, and what is not is changed in place. */
export class Markdown {
  readonly element = h("div", { class: "markdown" });
  private readonly growing = new Growing(parser);
  private readonly bar: CodeBar;
  private drawn: Drawn[] = [];
  /** So many blocks, from the first one on, will not be drawn again. */
  private settled = 0;

  constructor(bar: CodeBar) {
    this.bar = bar;
  }

  update(text: string): void {
    const { first, blocks } = this.growing.update(text);
    this.settled = Math.min(this.settled, first);
    for (const [index, block] of blocks.entries()) this.draw(first + index, block);
    for (const { element } of this.drawn.splice(first + blocks.length)) element.remove();
    this.settle(first);
  }

  /** Nothing more is written: the last block is finished too. */
  finish(): void {
    this.settle(this.drawn.length);
  }

  private settle(count: number): void {
    for (const { element } of this.drawn.slice(this.settled, count)) colourWhenSeen(element);
    this.settled = Math.max(this.settled, count);
  }

  private draw(index: number, block: Block): void {
    const old = this.drawn[index];
    if (old?.before === block.before && (old.code !== undefined) === (block.language !== undefined)) return this.grow(old, block);
    const next = this.begin(block);
    if (old) old.element.replaceWith(next.element);
    else this.element.append(next.element);
    this.drawn[index] = next;
  }

  private begin(block: Block): Drawn {
    const { before, language } = block;
    if (language === undefined) {
      const element = h("div", { class: "block" });
      element.append(this.fragment(block));
      return { element, before };
    }
    const code = h("code", language ? { class: `language-${language}` } : {});
    const growing = new GrowingText(code);
    growing.replace(0, block.parts.join(""));
    return { element: h("div", { class: "block" }, this.codeBlock(code)), before, code: growing };
  }

  private grow({ element, code }: Drawn, block: Block): void {
    if (code) return code.replace(block.kept, block.parts.join(""));
    const fresh = this.fragment(block);
    const [container, freshContainer] = [containerIn(element), containerIn(fresh)];
    if (container && freshContainer) patchChildren(container, [...freshContainer.children], block.kept);
    else patchChildren(element, [...fresh.childNodes]);
  }

  private fragment({ before, parts, after }: Block): DocumentFragment {
    const fragment = DOMPurify.sanitize(before + parts.join("") + after, SAFE);
    for (const code of fragment.querySelectorAll<HTMLElement>("pre > code")) code.parentElement?.replaceWith(this.codeBlock(code));
    const container = containerIn(fragment);
    container?.replaceChildren(...container.children);
    if (!container) fragment.replaceChildren(...fragment.children);
    return fragment;
  }

  private codeBlock(code: HTMLElement): HTMLElement {
    return h("div", { class: "code" }, this.bar(() => code.textContent ?? "", languageOf(code)), h("pre", { tabindex: "0" }, code));
  }
}

/** Where the parts of a block are. */
function containerIn(block: ParentNode): Element | null {
  const [first] = block.children;
  return first?.matches("ul, ol, blockquote") ? first : (first?.querySelector(":scope > tbody") ?? null);
}
