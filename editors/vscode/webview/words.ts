// The words of a page, as the extension put them there.
import { fill } from "./text.ts";

const strings = JSON.parse(document.body.dataset["strings"] ?? "{}") as Readonly<Record<string, string>>;

/** The words of this key, `{0}` and so on replaced. */
export function wording<K extends string>(): (key: K, ...values: readonly (string | number)[]) => string {
  return (key, ...values) => fill(strings[key] ?? key, values);
}
