// A chat's log in pages, from its end backwards.
import type { ChatEvent } from "../protocol.ts";
import { reduce } from "./reduce.ts";
import { reverted } from "./revert.ts";
import { EMPTY, type Turn, type View } from "./view.ts";

export interface Loaded {
  readonly view: View;
  /** The first event that was taken; what is before it can be loaded. */
  readonly firstSeq: number;
  /** Messages that everything after was taken back to, and that stand on an earlier page. */
  readonly pending: readonly string[];
}

/** What the last page comes to. It begins at the first turn it has whole, unless it has none. */
export function load(page: readonly ChatEvent[]): Loaded {
  const pending: string[] = [];
  let view: View = EMPTY;
  const events = page.slice(wholeFrom(page));
  for (const event of events) {
    if (event.type === "chat.reverted" && !reverted(view.turns, event.throughMessageId)) {
      pending.push(event.throughMessageId);
    }
    view = reduce(view, event);
  }
  return { view, firstSeq: events[0]?.seq ?? 1, pending };
}

/** The page before: the turns it has whole, less what was taken back later. */
export function prepend(loaded: Loaded, page: readonly ChatEvent[]): { loaded: Loaded; turns: readonly Turn[] } {
  const before = load(page.filter((event) => event.seq < loaded.firstSeq));
  const pending = [...before.pending];
  let turns = before.view.turns;
  for (const messageId of loaded.pending) {
    const kept = reverted(turns, messageId);
    turns = kept ?? [];
    if (!kept) pending.push(messageId);
  }
  const view = { ...loaded.view, turns: [...turns, ...loaded.view.turns] };
  return { loaded: { view, firstSeq: before.firstSeq, pending }, turns };
}

/** Whether the page shows the beginning of a turn, so that something can be shown of it. */
export function hasWholeTurn(page: readonly ChatEvent[]): boolean {
  return page.some((event) => event.type === "turn.started");
}

function wholeFrom(page: readonly ChatEvent[]): number {
  return page[0]?.seq === 1 ? 0 : Math.max(0, page.findIndex((event) => event.type === "turn.started"));
}
