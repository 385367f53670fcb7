// What is shown of a text that grows; each of its characters is looked at once.
import { isDeceptive, plain } from "./text.ts";

export class Shown {
  private written = "";
  private shown = "";
  /** Whether something in it is shown as an escape. */
  deceptive = false;

  /** The text is this now. Half a line end or half a character at its end waits. */
  update(text: string): string {
    const whole = /[\r\ud800-\udbff]$/.test(text.slice(-1)) ? text.slice(0, -1) : text;
    if (!whole.startsWith(this.written)) [this.written, this.shown, this.deceptive] = ["", "", false];
    const added = whole.slice(this.written.length);
    this.written = whole;
    this.shown += plain(added);
    this.deceptive ||= isDeceptive(added);
    return this.shown;
  }
}
