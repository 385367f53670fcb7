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
  /** A fork has messages from before its log; those before this one are not shown yet. Absent where there are none. */
  readonly inherited?: { readonly before?: string };
}

export const NOTHING: Loaded = { view: EMPTY, firstSeq: 1, pending: [] };

/** Whether there are turns before those that are loaded. */
export function hasMore({ firstSeq, inherited }: Loaded): boolean {
  return firstSeq > 1 || inherited !== undefined;
}

/** What the last page comes to. It begins at the first turn it has whole, unless it has none. */
export function load(page: readonly ChatEvent[]): Loaded {
  const events = page.slice(wholeFrom(page));
  return events.reduce(follow, { view: EMPTY, firstSeq: events[0]?.seq ?? 1, pending: [] });
}

/** What follows from one more event; the same object if nothing does. */
export function follow(loaded: Loaded, event: ChatEvent): Loaded {
  const view = reduce(loaded.view, event);
  if (view === loaded.view) return loaded;
  const beyond = event.type === "chat.reverted" && view.lastSeq === event.seq && !reverted(loaded.view.turns, event.throughMessageId);
  return { ...loaded, view, ...(beyond ? { pending: [...loaded.pending, event.throughMessageId] } : {}) };
}

/** What is loaded now, and which turns of it are new. */
export interface Grown {
  readonly loaded: Loaded;
  readonly turns: readonly Turn[];
}

/** The page before: the turns it has whole, less what was taken back later. One that has nothing new changes nothing. */
export function prepend(loaded: Loaded, page: readonly ChatEvent[]): Grown {
  const earlier = page.filter((event) => event.seq < loaded.firstSeq);
  if (earlier.length === 0 && page.length > 0) return { loaded, turns: [] };
  const before = load(earlier);
  const pending = [...before.pending];
  let turns = before.view.turns;
  for (const messageId of loaded.pending) {
    const kept = reverted(turns, messageId);
    turns = kept ?? [];
    if (!kept) pending.push(messageId);
  }
  const view = { ...loaded.view, turns: [...turns, ...loaded.view.turns] };
  return { loaded: { ...loaded, view, firstSeq: before.firstSeq, pending }, turns };
}

/** Whether the page shows the beginning of a turn, so that something can be shown of it. */
export function hasWholeTurn(page: readonly ChatEvent[]): boolean {
  return page.some((event) => event.type === "turn.started");
}

function wholeFrom(page: readonly ChatEvent[]): number {
  return page[0]?.seq === 1 ? 0 : Math.max(0, page.findIndex((event) => event.type === "turn.started"));
}
