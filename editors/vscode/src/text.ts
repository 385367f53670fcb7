// Texts that come from elsewhere, made fit to be shown.

/** Control characters, marks of direction and what has no width: they could make a text look like another. */
const DECEPTIVE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0001}\u{e0020}-\u{e007f}]/gu;

/** The text with what could deceive as an escape that is seen, such as `\u202e`; its line ends are LF. */
export function plain(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(DECEPTIVE, escaped);
}

/** Whether a text could deceive. */
export function isDeceptive(text: string): boolean {
  return text.replaceAll("\r\n", "\n").search(DECEPTIVE) >= 0;
}

function escaped(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
}

/** The text for a notification, without links: the editor would make some of `[words](command:…)`, which run commands. */
export function inert(text: string): string {
  return plain(text).replaceAll("](", "] (");
}

/**
 * The text with other signs for its brackets, to stand before or in a link of ours: the editor makes a link of all from
 * the first bracket on, with what ours does.
 */
export function bracketless(text: string): string {
  return text.replaceAll("[", "\uff3b").replaceAll("]", "\uff3d");
}

/** At most so many characters, with a sign that there were more. */
export function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** At most about so many characters of it, with its middle left out: what is at the end counts as much. */
export function shortened(text: string, most: number): string {
  const half = Math.floor(most / 2);
  return text.length > most ? `${text.slice(0, half)} … ${text.slice(-half)}` : text;
}

/** `{0}` and so on replaced by the values. */
export function fill(pattern: string, values: readonly (string | number)[]): string {
  return pattern.replace(/\{(\d+)\}/g, (hole, index: string) => String(values[Number(index)] ?? hole));
}
