// Texts that come from elsewhere, made fit to be shown.

/** Control characters and marks of direction, which could make a text look like another. */
const DECEPTIVE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text without what could deceive. */
export function plain(text: string): string {
  return text.replace(DECEPTIVE, "");
}

/** `{0}` and so on replaced by the values. */
export function fill(pattern: string, values: readonly (string | number)[]): string {
  return pattern.replace(/\{(\d+)\}/g, (hole, index: string) => String(values[Number(index)] ?? hole));
}

/** How much of the context window a turn took, in percent; absent where its size is not known. */
export function share(context: { used: number; size?: number } | undefined): number | undefined {
  return context?.size ? Math.round((100 * context.used) / context.size) : undefined;
}
