// Plain text that grows, in pieces of whole lines, so that only the last one is laid out again.
import { h } from "./dom.ts";
import { patchText } from "./patch.ts";

/** A piece that has so many characters gets no more lines. */
const PIECE = 4000;

interface Piece {
  readonly start: number;
  readonly node: Text;
}

export class GrowingText {
  private readonly element: HTMLElement;
  private pieces: Piece[] = [];
  private text = "";

  constructor(element: HTMLElement) {
    this.element = element;
  }

  /** Keep what is the same of what there was. */
  update(text: string): void {
    const kept = text.startsWith(this.text) ? this.text.lastIndexOf("\n") + 1 : 0;
    this.replace(kept, text.slice(kept));
    this.text = text;
  }

  /** The text after `kept` characters, which end with a line, is this now. */
  replace(kept: number, text: string): void {
    while (this.pieces.length > 1 && this.last().start > kept) this.remove();
    const last = this.last();
    if (kept - last.start < PIECE) return patchText(last.node, last.node.data.slice(0, kept - last.start) + text);
    patchText(last.node, last.node.data.slice(0, kept - last.start));
    if (text) this.add(kept, text);
  }

  private last(): Piece {
    return this.pieces.at(-1) ?? this.add(0, "");
  }

  private add(start: number, text: string): Piece {
    const piece = { start, node: document.createTextNode(text) };
    this.pieces.push(piece);
    this.element.append(h("span", { class: "lines" }, piece.node));
    return piece;
  }

  private remove(): void {
    this.pieces.pop();
    this.element.lastElementChild?.remove();
  }
}
