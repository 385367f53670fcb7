// Words and numbers for a page.
export { fill, isDeceptive, plain } from "../src/text.ts";

/** How much of the context window a turn took, in percent; absent where its size is not known. */
export function share(context: { used: number; size?: number } | undefined): number | undefined {
  return context?.size ? Math.round((100 * context.used) / context.size) : undefined;
}
