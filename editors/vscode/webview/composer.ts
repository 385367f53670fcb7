// Where one writes: the field, what is attached, send and stop.
import type { Attachment } from "../src/chat/messages.ts";
import type { Word } from "../src/chat/words.ts";
import { byId, h } from "./dom.ts";
import { plain } from "./text.ts";
import { wording } from "./words.ts";

const t = wording<Word>();

export interface Wishes {
  readonly send: (text: string) => void;
  readonly stop: () => void;
  readonly attach: () => void;
  readonly detach: (id: string) => void;
  readonly selectModel: () => void;
  readonly drafted: (text: string) => void;
}

export class Composer {
  private readonly input = byId<HTMLTextAreaElement>("input");
  private readonly send = byId<HTMLButtonElement>("send");
  private readonly stop = byId<HTMLButtonElement>("stop");
  private readonly model = byId<HTMLButtonElement>("model");
  private readonly wishes: Wishes;

  constructor(wishes: Wishes, draft: string) {
    this.wishes = wishes;
    this.label();
    this.input.value = draft;
    this.input.addEventListener("input", () => wishes.drafted(this.input.value));
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.stop.addEventListener("click", wishes.stop);
    byId("attach").addEventListener("click", wishes.attach);
    this.model.addEventListener("click", wishes.selectModel);
  }

  focus(): void {
    this.input.focus();
  }

  /** Put words that could not be said before what was written since. */
  restore(text: string): void {
    this.fill([text, this.input.value].filter(Boolean).join("\n"));
  }

  showBusy(busy: boolean): void {
    const hadFocus = document.activeElement === this.stop;
    this.send.hidden = busy;
    this.stop.hidden = !busy;
    if (hadFocus && !busy) this.focus();
  }

  showModel(model: string): void {
    this.model.textContent = t("model", model || t("defaultModel"));
  }

  showAttachments(attachments: readonly Attachment[]): void {
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

  private submit(): void {
    const text = this.input.value.trim();
    if (!text || this.send.hidden) return;
    this.fill("");
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
    this.showModel("");
  }
}
