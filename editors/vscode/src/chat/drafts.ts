// What somebody wrote, with what goes along.
import type { ChatEvent, InputPart } from "../protocol.ts";

export interface Draft {
  readonly text: string;
  readonly attached: readonly Held[];
}

/** Something attached, as it is named on the page. */
export interface Held {
  readonly id: string;
  readonly label: string;
  readonly part: InputPart;
}

export const BLANK: Draft = { text: "", attached: [] };

export function isBlank({ text, attached }: Draft): boolean {
  return text === "" && attached.length === 0;
}

/** Several as one, in their order, a blank line between them. */
export function joined(drafts: readonly Draft[]): Draft {
  const texts = drafts.map(({ text }) => text).filter(Boolean);
  return { text: texts.join("\n\n"), attached: drafts.flatMap(({ attached }) => attached) };
}

/** As the server takes it. */
export function inputOf({ text, attached }: Draft): string | InputPart[] {
  if (attached.length === 0) return text;
  return [...(text ? [{ type: "text" as const, text }] : []), ...attached.map(({ part }) => part)];
}

/** The event with the images among what went along: the server tells there of what has a text. */
export function withImages(event: ChatEvent, { attached }: Draft): ChatEvent {
  const images = attached.filter(({ part }) => part.type === "image");
  if (event.type !== "turn.started" || images.length === 0) return event;
  const listed = images.map(({ label }) => ({ type: "attachment" as const, chunkId: "", source: "image", label }));
  return { ...event, attachments: [...(event.attachments ?? []), ...listed] };
}
