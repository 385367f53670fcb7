// What went along with a turn, as it can go along once more: the server drops it with the turn.
import type { AttachmentPart, Chunk } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import type { Held } from "./drafts.ts";
import type { Turn } from "./view.ts";

const MESSAGES = 50;

type Along = Pick<Held, "label" | "part">;

/** As far as the server tells it; `image` names images by their number. */
export async function attachedTo(
  server: Server,
  chatId: string,
  turns: readonly Turn[],
  turn: Turn,
  image: (number: number) => string,
): Promise<Held[]> {
  const attachments = turn.user?.attachments ?? [];
  const chunks = attachments.some(({ source }) => source === "selection") ? await chunksOf(server, chatId) : new Map<string, Chunk>();
  const next = turns[turns.indexOf(turn) + 1]?.user?.id;
  const { messages } = await server.request("maestro/chat/get", { chatId, limit: MESSAGES, ...(next === undefined ? {} : { before: next }) });
  const parts = messages.find(({ id }) => id === turn.user?.id)?.parts ?? [];
  const images = parts.filter((part) => part.type === "image").map((part, index) => ({ label: image(index + 1), part }));
  const along = [...attachments.flatMap((each) => alongOf(each, chunks.get(each.chunkId))), ...images];
  return along.map((each, index) => ({ id: String(index), ...each }));
}

function alongOf({ source, uri, label }: AttachmentPart, chunk: Chunk | undefined): Along[] {
  if (uri === undefined) return [];
  if (source === "file" || source === "diagnostics") return [{ label, part: { type: source, uri } }];
  return source === "selection" && chunk?.range ? [{ label, part: { type: source, uri, range: chunk.range } }] : [];
}

async function chunksOf(server: Server, chatId: string): Promise<Map<string, Chunk>> {
  const found: Chunk[] = [];
  let cursor: string | undefined;
  do {
    const page = await server.request("maestro/context/list", { chatId, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.chunks);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return new Map(found.map((chunk) => [chunk.id, chunk]));
}
