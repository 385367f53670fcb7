// What was written in each chat and is not said yet: it outlives that another is shown, and that the window is loaded anew.
import { BLANK, type Draft, isBlank, joined } from "./drafts.ts";
import type { Memory } from "./memory.ts";

/** A chat with words that are on their way, or came back. */
export interface Talk {
  readonly chatId: string | undefined;
  readonly unspoken: readonly Draft[];
}

/** So many chats; those written in last are kept. */
export const MOST_CHATS = 50;

/** A chat that begins has no id, and is the one of the empty name. */
export class Fields {
  private written: Map<string, Draft>;
  private readonly talks = new Set<Talk>();
  private readonly memory: Memory;

  constructor(memory: Memory) {
    this.memory = memory;
    this.written = new Map(memory.get("drafts"));
  }

  of(chatId = ""): Draft {
    return this.written.get(chatId) ?? BLANK;
  }

  write(chatId = "", change: Partial<Draft>): void {
    this.written = put(this.written, chatId, { ...this.of(chatId), ...change });
    this.save();
  }

  /** The chat that begins has this id now. */
  begun(chatId: string): void {
    const draft = this.of();
    this.write("", BLANK);
    this.write(chatId, draft);
  }

  /** What is on its way in this chat is other than before. */
  follow(talk: Talk): void {
    if (talk.unspoken.length > 0) this.talks.add(talk);
    else this.talks.delete(talk);
    this.save();
  }

  /** Of what is on its way nobody knows afterwards whether it will be said: it stands before what was written since. */
  private save(): void {
    let all = this.written;
    for (const { chatId = "", unspoken } of this.talks) all = put(all, chatId, joined([...unspoken, all.get(chatId) ?? BLANK]));
    void this.memory.set("drafts", [...all].map(([chatId, draft]) => [chatId, storable(draft)]));
  }
}

function put(drafts: ReadonlyMap<string, Draft>, chatId: string, draft: Draft): Map<string, Draft> {
  const others = [...drafts].filter(([id]) => id !== chatId);
  return new Map(isBlank(draft) ? others : [...others.slice(1 - MOST_CHATS), [chatId, draft]]);
}

/** The editor's memory is not made for what is as large as images. */
function storable({ text, attached }: Draft): Draft {
  return { text, attached: attached.filter(({ part }) => part.type !== "image") };
}
