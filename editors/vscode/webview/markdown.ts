// Markdown from a model as elements: no HTML of its own, no images, nothing that loads or runs.
import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";
import { grown } from "./blocks.ts";
import { h } from "./dom.ts";

const parser = new MarkdownIt({ html: false, linkify: true }).disable("image");
const TAGS = [
  "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
  "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
];
const SAFE = { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ["class", "href", "start"], RETURN_DOM_FRAGMENT: true as const };
const parse = (text: string) => parser.parse(text, {});

/** What is put above a block of code. */
export type CodeBar = (code: string, language: string) => HTMLElement;

/** A text that grows. Blocks that are finished are drawn once. */
export class Markdown {
  readonly element = h("div", { class: "markdown" });
  private sources: string[] = [];
  private readonly bar: CodeBar;

  constructor(bar: CodeBar) {
    this.bar = bar;
  }

  update(text: string): void {
    const next = grown(this.sources, text, parse);
    next.forEach((source, index) => {
      if (source === this.sources[index]) return;
      const block = this.draw(source);
      const old = this.element.children[index];
      if (old) old.replaceWith(block);
      else this.element.append(block);
    });
    while (this.element.children.length > next.length) this.element.lastElementChild?.remove();
    this.sources = next;
  }

  private draw(source: string): HTMLElement {
    const block = h("div", { class: "block" }, DOMPurify.sanitize(parser.render(source), SAFE));
    for (const code of block.querySelectorAll<HTMLElement>("pre > code")) {
      const language = /^language-(\S+)/.exec(code.className)?.[1] ?? "";
      code.parentElement?.replaceWith(h("div", { class: "code" }, this.bar(code.textContent ?? "", language), pre(code)));
    }
    return block;
  }
}

function pre(code: HTMLElement): HTMLElement {
  return h("pre", { tabindex: "0" }, code);
}
