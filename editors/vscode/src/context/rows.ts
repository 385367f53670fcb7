// The order of the context view.
import type { Chunk } from "../protocol.ts";
import type { Row } from "./messages.ts";

/** The chunks as they are sent; those that were deleted stand where they were made, so that nothing jumps. */
export function rows(sent: readonly Chunk[], deleted: readonly Chunk[]): Row[] {
  const all: Row[] = sent.map((chunk) => ({ chunk, deleted: false }));
  for (const chunk of deleted) {
    const after = all.findIndex((row) => row.chunk.scope === chunk.scope && row.chunk.createdAt > chunk.createdAt);
    all.splice(after < 0 ? all.length : after, 0, { chunk, deleted: true });
  }
  return all;
}
