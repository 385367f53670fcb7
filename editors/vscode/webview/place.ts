// Where somebody reads: a turn, and how far into it in pixels; it outlives the page being hidden.

export interface Place {
  readonly turn: string;
  readonly offset: number;
}

/** The turn at the upper edge. */
export function placeIn(scroller: HTMLElement, list: HTMLElement): Place | undefined {
  const { top } = scroller.getBoundingClientRect();
  for (const turn of list.children) {
    const box = turn.getBoundingClientRect();
    if (box.bottom > top) return { turn: turn.getAttribute("data-turn") ?? "", offset: Math.round(top - box.top) };
  }
  return undefined;
}

/** False where the turn is not there. */
export function goTo(place: Place, scroller: HTMLElement, list: HTMLElement): boolean {
  const turn = list.querySelector(`:scope > [data-turn=${CSS.escape(place.turn)}]`);
  if (!turn) return false;
  scroller.scrollTop += turn.getBoundingClientRect().top - scroller.getBoundingClientRect().top + place.offset;
  return true;
}
