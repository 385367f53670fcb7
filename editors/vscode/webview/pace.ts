// When to draw what has changed: at the next frame, and later where drawing takes long, so that the page stays usable.

/** At most this part of the time is spent on drawing. */
const SHARE = 1 / 3;
/** What takes less, in ms, is put off by nothing, and nothing is put off for longer. */
const [CHEAP, LONGEST] = [6, 500];

export class Pace {
  private readonly draw: () => void;
  private waiting = false;
  private notBefore = 0;

  constructor(draw: () => void) {
    this.draw = draw;
  }

  /** Draw soon, once, however often it is asked for; a page that is hidden has no frames and draws at once. */
  soon(): void {
    if (document.hidden) return this.draw();
    if (this.waiting) return;
    this.waiting = true;
    const wait = this.notBefore - performance.now();
    if (wait > 0) setTimeout(() => requestAnimationFrame(() => this.frame()), wait);
    else requestAnimationFrame(() => this.frame());
  }

  /** Draws, and measures until the browser has laid out and painted it. */
  private frame(): void {
    this.waiting = false;
    const began = performance.now();
    this.draw();
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      const now = performance.now();
      const cost = now - began;
      this.notBefore = cost < CHEAP ? 0 : now + Math.min(LONGEST, cost * (1 / SHARE - 1));
      port1.close();
    };
    port2.postMessage(undefined);
  }
}
