// Everything the server would send, and what was deleted of it.
import type { Chunk, ContextListResult } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import type { ContextState } from "./messages.ts";
import { rows } from "./rows.ts";

const PAGE = 1000;

type Place = { chatId: string } | { scope: "workspace" };

/** Of this chat; without one, of the folder. */
export async function state(server: Server, chatId: string | undefined): Promise<ContextState> {
  const place: Place = chatId === undefined ? { scope: "workspace" } : { chatId };
  const [sent, gone] = await Promise.all([all(server, place, false), all(server, place, true)]);
  const { total, budget } = sent.last;
  return { rows: rows(sent.chunks, gone.chunks), total, ...(budget ? { budget } : {}) };
}

async function all(server: Server, place: Place, deleted: boolean): Promise<{ chunks: Chunk[]; last: ContextListResult }> {
  const chunks: Chunk[] = [];
  for (let cursor: string | undefined; ; ) {
    const next = cursor === undefined ? {} : { cursor };
    const last = await server.request("maestro/context/list", { ...place, ...next, deleted, limit: PAGE });
    chunks.push(...last.chunks);
    cursor = last.nextCursor;
    if (cursor === undefined) return { chunks, last };
  }
}
