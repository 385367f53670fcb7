// Asks for older messages when the reader comes near the first one, or presses the button there.

/** How far before the button is seen, in pixels. */
const AHEAD = 400;

export class Older {
  private readonly button: HTMLElement;
  private readonly ask: () => void;
  private readonly near: IntersectionObserver;
  private asked = false;

  constructor(button: HTMLElement, scroller: HTMLElement, ask: () => void) {
    this.button = button;
    this.ask = ask;
    button.addEventListener("click", () => this.want());
    const seen = (entries: readonly IntersectionObserverEntry[]): void => {
      if (entries.at(-1)?.isIntersecting) this.want();
    };
    this.near = new IntersectionObserver(seen, { root: scroller, rootMargin: `${AHEAD}px 0px 0px` });
  }

  /** Whether there are more; `came` of them were just put above. Where none came nothing is asked for unbidden. */
  show(more: boolean, came = 1): void {
    this.asked = false;
    this.button.hidden = !more;
    this.near.disconnect();
    if (more && came > 0) this.near.observe(this.button);
  }

  /** It may be asked for again, though none came. */
  failed(): void {
    this.asked = false;
  }

  private want(): void {
    if (this.asked) return;
    this.asked = true;
    this.ask();
  }
}
