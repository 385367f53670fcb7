// Where a link of an answer leads.

export interface Place {
  readonly path: string;
  /** Both from 0. */
  readonly line: number;
  readonly column: number;
}

/** Whether it leads out of the editor. */
export function isAddress(href: string): boolean {
  return /^(https?|mailto):/i.test(href);
}

/** A file and a place in it, of `src/a.py`, `src/a.py:12:4` or `src/a.py#L12`; absent where it is neither. */
export function placeOf(href: string): Place | undefined {
  const [, written = "", line, column] = /^([^:#?]+)(?:[:#]L?(\d+))?(?::(\d+))?/.exec(href) ?? [];
  const path = decoded(written);
  if (!path || path.split(/[/\\]/).includes("..")) return undefined;
  return { path, line: fromZero(line), column: fromZero(column) };
}

/** As it is written, where it is not well encoded. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function fromZero(number: string | undefined): number {
  return Math.max(0, Number(number ?? 1) - 1);
}
