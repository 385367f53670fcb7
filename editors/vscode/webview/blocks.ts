// Cuts Markdown that is still growing into blocks, so that only the last one must be drawn again.

export interface Token {
  readonly level: number;
  readonly nesting: number;
  readonly map: readonly [number, number] | null;
}

/** The blocks of a text, one behind the other without a gap; `parse` gives the tokens of a Markdown parser. */
export function blocks(text: string, parse: (text: string) => readonly Token[]): string[] {
  const lines = text.split(/(?<=\n)/);
  const starts = parse(text)
    .filter((token) => token.level === 0 && token.nesting >= 0 && token.map)
    .map((token) => token.map?.[0] ?? 0);
  if (starts.length === 0) return text ? [text] : [];
  return starts.map((start, index) => lines.slice(index === 0 ? 0 : start, starts[index + 1]).join(""));
}

/**
 * The blocks of a text that began as `before` did. What was added can only change the last block of it, or follow it.
 */
export function grown(before: readonly string[], text: string, parse: (text: string) => readonly Token[]): string[] {
  const settled = before.slice(0, -1);
  const prefix = settled.join("");
  return text.startsWith(prefix) ? [...settled, ...blocks(text.slice(prefix.length), parse)] : blocks(text, parse);
}
