// The turns on the page, in their order, with the reader's place kept.
import type { PermissionRequestParams } from "../src/protocol.ts";
import type { Turn } from "../src/chat/view.ts";
import { goTo, type Place, placeIn } from "./place.ts";
import { type Actions, TurnElement } from "./turn.ts";

const NEAR_END_PX = 48;

export class Log {
  private elements = new Map<string, TurnElement>();
  /** Whether the reader is at the end, and stays there when it moves. */
  private following = true;
  private lastTop = 0;
  /** Whether a place was told that is not the end. */
  private told = true;
  private readonly scroller: HTMLElement;
  private readonly list: HTMLElement;
  private readonly actions: Actions;
  private readonly moved: (place: Place | undefined) => void;

  /** `moved` hears where it is read when somebody has moved; absent at the end. */
  constructor(scroller: HTMLElement, list: HTMLElement, actions: Actions, moved: (place: Place | undefined) => void) {
    this.scroller = scroller;
    this.list = list;
    this.actions = actions;
    this.moved = moved;
    scroller.addEventListener("scroll", () => this.scrolled());
    scroller.addEventListener("scrollend", () => this.tell());
    new ResizeObserver(() => this.following && this.toEnd()).observe(list);
  }

  /** Draw what changed. Who reads at the end stays there; who reads elsewhere is not moved. */
  update(turns: readonly Turn[], requests: ReadonlyMap<string, PermissionRequestParams>): void {
    this.removeAllBut(new Set(turns.map(({ id }) => id)));
    for (const turn of turns) this.elementOf(turn).update(turn, requests);
  }

  /** Put older turns above without moving what is read. */
  prepend(turns: readonly Turn[], requests: ReadonlyMap<string, PermissionRequestParams>): void {
    const { scrollHeight, scrollTop } = this.scroller;
    const drawn = turns.map((turn) => {
      const element = new TurnElement(turn.id, this.actions);
      element.update(turn, requests);
      return [turn.id, element] as const;
    });
    this.elements = new Map([...drawn, ...this.elements]);
    this.list.prepend(...drawn.map(([, element]) => element.element));
    this.scroller.scrollTop = scrollTop + this.scroller.scrollHeight - scrollHeight;
  }

  toEnd(): void {
    this.following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Where somebody read before; the end where that is not there. How high turns are is known when they are drawn. */
  toPlace(place: Place | undefined, again = 2): void {
    this.following = false;
    if (!place || !goTo(place, this.scroller, this.list)) return this.toEnd();
    if (again > 0) requestAnimationFrame(() => this.toPlace(place, again - 1));
  }

  /** Only who moves up stops following: the end moves down by itself. */
  private scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    if (scrollTop < this.lastTop) this.following = false;
    if (scrollHeight - scrollTop - clientHeight < NEAR_END_PX) this.following = true;
    this.lastTop = scrollTop;
  }

  private tell(): void {
    const place = this.following ? undefined : placeIn(this.scroller, this.list);
    if (place || this.told) this.moved(place);
    this.told = place !== undefined;
  }

  private elementOf(turn: Turn): TurnElement {
    const known = this.elements.get(turn.id);
    if (known) return known;
    const element = new TurnElement(turn.id, this.actions);
    this.elements.set(turn.id, element);
    this.list.append(element.element);
    return element;
  }

  private removeAllBut(ids: ReadonlySet<string>): void {
    for (const [id, { element }] of this.elements) {
      if (ids.has(id)) continue;
      element.remove();
      this.elements.delete(id);
    }
  }
}
