// Blocks of Markdown that are made of parts: lists of items, quotes of blocks, tables of rows.
import type { Token } from "markdown-it";

export interface Container {
  /** So many lines of the block, from the first one on, are no part. */
  readonly head: number;
  /** What, put before any of its parts, makes the same block of them; of the block's first lines. */
  readonly stub: (lines: readonly string[]) => string;
  /** So many parts come from the stub. */
  readonly stubbed: number;
  /** Whether a part can follow the stub only where it begins in the same column. */
  readonly aligned: boolean;
  /** The level of the tokens that a part is made of. */
  readonly level: number;
}

export interface Parts {
  readonly before: Token[];
  readonly parts: Token[][];
  readonly after: Token[];
}

const LIST: Container = {
  head: 0,
  stub: ([first = ""]) => `${/^\s*(?:[-+*]|\d+[.)])/.exec(first)?.[0] ?? ""} x\n`,
  stubbed: 1,
  aligned: true,
  level: 1,
};
const CONTAINERS: Readonly<Record<string, Container>> = {
  bullet_list_open: LIST,
  ordered_list_open: LIST,
  blockquote_open: { head: 0, stub: () => "", stubbed: 0, aligned: false, level: 1 },
  table_open: { head: 2, stub: (lines) => lines.slice(0, 2).join(""), stubbed: 0, aligned: false, level: 2 },
};

/** What the block that begins with this token is, if it is made of parts. */
export function containerOf(token: Token | undefined): Container | undefined {
  return CONTAINERS[token?.type ?? ""];
}

/** The tokens of a whole container; all of its parts have lines. */
export function partsOf({ level }: Container, tokens: readonly Token[]): Parts {
  const body = tokens.findIndex(({ type }) => type === "tbody_open");
  const from = tokens[0]?.type === "table_open" && body < 0 ? tokens.length : Math.max(body, 0) + 1;
  const inside = tokens.findIndex((token, index) => index >= from && token.level < level);
  const end = inside < 0 ? tokens.length : inside;
  const starts: number[] = [];
  for (let index = from; index < end; index += 1) {
    const token = tokens[index];
    if (token?.level === level && token.nesting >= 0) starts.push(index);
  }
  const parts = starts.map((start, index) => tokens.slice(start, starts[index + 1] ?? end));
  return { before: tokens.slice(0, Math.min(from, end)), parts, after: tokens.slice(end) };
}

/** Whether the items of a list are set apart, by its first item, which is the stub. */
export function isLoose(tokens: readonly Token[]): boolean {
  return tokens[2]?.type === "paragraph_open" && !tokens[2].hidden;
}

/** Set the items of a list apart. */
export function loosen(tokens: readonly Token[]): void {
  for (const token of tokens) if (token.level === 2 && token.type.startsWith("paragraph")) token.hidden = false;
}
