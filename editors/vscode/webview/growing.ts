// A Markdown text that grows, as blocks of HTML: each time only those, and those parts of them, that may have changed.
import type { MarkdownIt, Token } from "markdown-it";
import { type Container, containerOf, isLoose, loosen, partsOf } from "./containers.ts";

/** A block as HTML. Of its parts, `kept` are as they were, and `parts` follow them; code counts characters. */
export interface Block {
  readonly before: string;
  readonly kept: number;
  readonly parts: readonly string[];
  readonly after: string;
  /** Only of code between fences: its language, its one part is text and no HTML. */
  readonly language?: string;
}

export interface Growth {
  /** The index of the first of the blocks; those before it are as they were, and there are none after them. */
  readonly first: number;
  readonly blocks: readonly Block[];
}

/** A block whose first parts will not change. */
interface Entered {
  readonly begin: number;
  readonly stub: string;
  readonly kept: number;
  /** Of a list: what is before the window sets its items apart, and whether they were drawn so. */
  readonly loose: boolean;
  readonly apart: boolean;
}

/** A block in the text that is parsed, which is the stub and the window. */
interface Piece {
  readonly tokens: Token[];
  /** The line at which it begins. */
  readonly line: number;
}

/** So many lines tell what begins with them; the second one can only make a table of it. */
const DECISIVE = 2;
/** The empty line keeps what follows from making a table of the first one; it is no part of the code. */
const FENCE: Pick<Container, "head" | "stub" | "stubbed"> = { head: 1, stub: ([first = ""]) => `${first}\n`, stubbed: 1 };

/**
 * A part is settled when there is another one after it whose decisive lines are whole. The window is the text that is
 * not settled; what is before it is never parsed again.
 */
export class Growing {
  private readonly parser: MarkdownIt;
  private text = "";
  private start = 0;
  private settled = 0;
  private entered: Entered | undefined;

  constructor(parser: MarkdownIt) {
    this.parser = parser;
  }

  /** The text is this now; it may also be another one. Its line ends are LF. */
  update(text: string): Growth {
    if (!text.startsWith(this.text)) this.restart();
    this.text = text;
    const source = this.source();
    const pieces = this.pieces(source);
    const apart = this.isApart(pieces[0]);
    if (this.entered && apart !== this.entered.apart) return this.redraw(apart);
    const growth = { first: this.settled, blocks: pieces.map((piece, index) => this.block(piece, index === 0 ? this.entered : undefined)) };
    this.settle(source, pieces);
    return growth;
  }

  private restart(): void {
    [this.start, this.settled, this.entered] = [0, 0, undefined];
  }

  private source(): string {
    return (this.entered?.stub ?? "") + this.text.slice(this.start);
  }

  private pieces(source: string): Piece[] {
    const tokens = this.parser.parse(source, {});
    const starts = tokens.flatMap(({ level, nesting, map }, index) => (level === 0 && nesting >= 0 && map ? [{ index, line: map[0] }] : []));
    return starts.map(({ index, line }, at) => ({ tokens: tokens.slice(index, starts[at + 1]?.index), line }));
  }

  private isApart(first: Piece | undefined): boolean {
    if (!this.entered || !isList(first)) return false;
    return this.entered.loose || isLoose(first?.tokens ?? []);
  }

  /** A list is drawn anew when its items come to be set apart. */
  private redraw(apart: boolean): Growth {
    const { begin, stub, loose } = this.entered as Entered;
    this.start = begin;
    this.entered = { begin, stub, loose, kept: 0, apart };
    return this.update(this.text);
  }

  private block({ tokens }: Piece, entered: Entered | undefined): Block {
    const container = containerOf(tokens[0]);
    const kept = entered?.kept ?? 0;
    const [token] = tokens;
    if (token?.type === "fence") {
      const language = token.info.trim().split(/\s+/)[0] ?? "";
      return { before: `<pre><code>${language}`, kept, parts: [token.content.slice(entered ? FENCE.stubbed : 0)], after: "", language };
    }
    if (!container) return { before: "", kept, parts: [this.html(tokens)], after: "" };
    if (entered?.loose) loosen(tokens);
    const { before, parts, after } = partsOf(container, tokens);
    const own = parts.slice(entered ? container.stubbed : 0);
    return { before: this.html(before), kept, parts: own.map((part) => this.html(part)), after: this.html(after) };
  }

  private html(tokens: Token[]): string {
    return this.parser.renderer.render(tokens, this.parser.options, {});
  }

  private settle(source: string, pieces: readonly Piece[]): void {
    const lines = source.split(/(?<=\n)/);
    const whole = source.endsWith("\n") ? lines.length : lines.length - 1;
    const count = firstOpen(pieces.map(({ line }) => line), whole);
    const piece = pieces[count];
    if (!piece) return;
    if (count > 0 || !this.entered) {
      this.start += lengthOf(lines, piece.line) - (this.entered?.stub.length ?? 0);
      this.settled += count;
      this.entered = undefined;
    }
    if (count < pieces.length - 1) return;
    if (!this.entered) this.enter(piece, lines.slice(piece.line), whole - piece.line);
    else if (piece.tokens[0]?.type === "fence") this.settleCode(piece.tokens[0], source);
    else this.settleParts(piece, lines, whole);
  }

  private enter({ tokens }: Piece, lines: readonly string[], whole: number): void {
    const { head, stub } = tokens[0]?.type === "fence" ? FENCE : (containerOf(tokens[0]) ?? {});
    if (head === undefined || stub === undefined || whole < Math.max(head, DECISIVE)) return;
    this.entered = { begin: this.start + lengthOf(lines, head), stub: stub(lines), kept: 0, loose: false, apart: false };
    this.start = this.entered.begin;
  }

  /** Lines of code that has not ended. */
  private settleCode({ content, map }: Token, source: string): void {
    const entered = this.entered as Entered;
    const [from, to] = map ?? [0, 0];
    if (to - from - 1 > content.split(/(?<=\n)/).filter(Boolean).length) return;
    this.start += source.lastIndexOf("\n") + 1 - entered.stub.length;
    this.entered = { ...entered, kept: entered.kept + content.lastIndexOf("\n") + 1 - FENCE.stubbed };
  }

  private settleParts({ tokens }: Piece, lines: readonly string[], whole: number): void {
    const entered = this.entered as Entered;
    const container = containerOf(tokens[0]);
    if (!container) return;
    const loose = entered.loose || (entered.apart && this.isLooseThrough(lines.slice(0, whole).join("")));
    if (entered.apart && !loose) return;
    const starts = partsOf(container, tokens).parts.slice(container.stubbed).map(([token]) => token?.map?.[0] ?? 0);
    const open = firstOpen(starts, whole);
    const count = starts.findLastIndex((start, index) => index <= open && (!container.aligned || indentOf(lines[start]) === indentOf(entered.stub)));
    if (count > 0) this.start += lengthOf(lines, starts[count] ?? 0) - entered.stub.length;
    this.entered = { ...entered, kept: entered.kept + Math.max(count, 0), loose };
  }

  /** Whether whole lines alone set the items of the list apart. */
  private isLooseThrough(source: string): boolean {
    return isLoose(this.pieces(source)[0]?.tokens ?? []);
  }
}

function isList(piece: Piece | undefined): boolean {
  return piece?.tokens[0]?.type.endsWith("list_open") ?? false;
}

/** Of parts that begin at these lines, the first one that may still change; `whole` lines are complete. */
function firstOpen(starts: readonly number[], whole: number): number {
  const last = starts.length - 1;
  return (starts[last] ?? 0) + DECISIVE <= whole ? last : Math.max(last - 1, Math.min(last, 0));
}

function indentOf(line = ""): string | undefined {
  return /^\s*/.exec(line)?.[0];
}

function lengthOf(lines: readonly string[], count: number): number {
  return lines.slice(0, count).reduce((sum, { length }) => sum + length, 0);
}
