// Where one writes: the field, what is attached, send and stop.
import type { Attachment, Busy } from "../src/chat/messages.ts";
import type { Word } from "../src/chat/words.ts";
import { byId, h } from "./dom.ts";
import { takePasted, type Taken } from "./paste.ts";
import { Recall } from "./recall.ts";
import { plain } from "./text.ts";
import { showWaiting } from "./waiting.ts";
import { wording } from "./words.ts";

const t = wording<Word>();
/** What the key code is while an input method takes the key; not every one says so otherwise. */
const COMPOSING = 229;

/** Until the extension says how it is. */
export const IDLE: Busy = { busy: false, elsewhere: false, queues: false, loads: false, waiting: [] };

export interface Wishes extends Pick<Taken, "image" | "files"> {
  readonly send: (text: string) => void;
  readonly stop: () => void;
  readonly attach: () => void;
  readonly detach: (id: string) => void;
  readonly withdraw: (number: number) => void;
  readonly selectModel: () => void;
  readonly drafted: (text: string) => void;
  /** What was said in this chat, the last one last. */
  readonly said: () => readonly string[];
}

export class Composer {
  private readonly input = byId<HTMLTextAreaElement>("input");
  private readonly send = byId<HTMLButtonElement>("send");
  private readonly stop = byId<HTMLButtonElement>("stop");
  private readonly model = byId<HTMLButtonElement>("model");
  private readonly recall = new Recall();
  private busy: Busy = IDLE;
  private attached = false;
  private readonly wishes: Wishes;

  constructor(wishes: Wishes) {
    this.wishes = wishes;
    this.label();
    this.input.addEventListener("input", () => this.written());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.stop.addEventListener("click", wishes.stop);
    byId("attach").addEventListener("click", wishes.attach);
    this.model.addEventListener("click", wishes.selectModel);
    takePasted(this.input, { ...wishes, tooLarge: () => this.note(t("tooLarge")) });
  }

  /** Something was sent and is not answered yet, as far as this page knows. */
  get isBusy(): boolean {
    return this.busy.busy;
  }

  focus(): void {
    this.input.focus();
  }

  /** What stands in the field of the chat that is shown. */
  begin(draft: string): void {
    this.recall.end();
    this.input.value = draft;
  }

  /** Put words that could not be said before what was written since. */
  restore(text: string): void {
    this.fill([text, this.input.value].filter(Boolean).join("\n\n"));
  }

  showBusy(busy: Busy): void {
    const hadFocus = document.activeElement === this.stop;
    this.busy = busy;
    this.send.hidden = busy.busy && !busy.queues;
    this.send.disabled = busy.loads;
    this.stop.hidden = !busy.busy;
    showWaiting(byId("waiting"), busy.waiting, this.wishes.withdraw);
    if (!busy.busy) this.note("");
    if (hadFocus && !busy.busy) this.focus();
  }

  /** One line under the field. */
  note(words: string): void {
    const line = byId("note");
    if (line.textContent !== words) line.textContent = words;
  }

  showModel(model: string): void {
    this.model.textContent = t("model", model || t("defaultModel"));
  }

  showAttachments(attachments: readonly Attachment[]): void {
    this.attached = attachments.length > 0;
    byId("attachments").replaceChildren(
      ...attachments.map(({ id, label }) =>
        h(
          "li",
          {},
          plain(label),
          h("button", { type: "button", "aria-label": t("detach", plain(label)), click: () => this.wishes.detach(id) }, "×"),
        ),
      ),
    );
  }

  private pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.keyCode === COMPOSING || event.shiftKey) return;
    const said = this.wishes.said();
    if (event.key === "Enter") this.submit();
    else if (event.key === "ArrowUp" && (!this.input.value || this.recall.recalling)) this.put(this.recall.earlier(said));
    else if (event.key === "ArrowDown" && this.recall.recalling) this.put(this.recall.later(said));
    else return;
    event.preventDefault();
  }

  private put(recalled: string | undefined): void {
    if (recalled !== undefined) this.fill(recalled);
  }

  private written(): void {
    this.recall.end();
    this.note("");
    this.wishes.drafted(this.input.value);
  }

  /** It is busy from here on, whatever the extension says and when: so nothing is sent twice. */
  private submit(): void {
    const text = this.input.value.trim();
    if (!text && !this.attached) return;
    if (this.busy.loads) return this.note(t("loads"));
    if (this.busy.busy && !this.busy.queues) return this.note(t("unfinished"));
    this.recall.end();
    this.fill("");
    this.showBusy({ ...this.busy, busy: true });
    this.wishes.send(text);
  }

  private fill(text: string): void {
    this.input.value = text;
    this.wishes.drafted(text);
  }

  private label(): void {
    this.input.placeholder = t("placeholder");
    this.input.setAttribute("aria-label", t("input"));
    this.send.textContent = t("send");
    this.stop.textContent = t("stop");
    byId("attach").textContent = t("attach");
    byId("waiting").setAttribute("aria-label", t("waitings"));
    this.showModel("");
  }
}
