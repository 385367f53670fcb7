// A chat as the server gives it: its end first, then the pages before, then what a fork has from before its log.
import type { Chat, ChatEvent } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { type Grown, hasWholeTurn, load, type Loaded, prepend } from "./history.ts";
import { turnsOf } from "./said.ts";

const FIRST_PAGE = 1000;
const LARGEST_PAGE = 5000;
const MESSAGES = 500;

/** The chat and the end of its log, with a whole turn in it where there is one within reach. */
export async function lastPage(server: Server, chatId: string): Promise<{ chat: Chat; loaded: Loaded }> {
  const { chat } = await server.request("maestro/chat/get", { chatId, limit: 1 });
  const { events } = await server.request("maestro/chat/events", { chatId, limit: FIRST_PAGE });
  const whole = hasWholeTurn(events) || events.length < FIRST_PAGE;
  const loaded = load(whole ? events : (await server.request("maestro/chat/events", { chatId, limit: LARGEST_PAGE })).events);
  const view = { ...loaded.view, chatId };
  return { chat, loaded: { ...loaded, view, ...(chat.forkedFrom === undefined ? {} : { inherited: {} }) } };
}

/** What comes before what is loaded, to be put before what is loaded by then. */
export async function earlier(server: Server, chatId: string, loaded: Loaded): Promise<(now: Loaded) => Grown> {
  if (loaded.firstSeq <= 1) return inherited(server, chatId, loaded);
  const page = await pageBefore(server, chatId, loaded.firstSeq);
  return (now) => prepend(now, page);
}

/** The events before this one, with a whole turn among them where there is one within reach. */
async function pageBefore(server: Server, chatId: string, seq: number): Promise<ChatEvent[]> {
  const page = async (size: number): Promise<ChatEvent[]> => {
    const afterSeq = Math.max(0, seq - 1 - size);
    return (await server.request("maestro/chat/events", { chatId, afterSeq, limit: seq - 1 - afterSeq })).events;
  };
  const events = await page(FIRST_PAGE);
  return hasWholeTurn(events) || seq - 1 <= FIRST_PAGE ? events : page(LARGEST_PAGE);
}

async function inherited(server: Server, chatId: string, loaded: Loaded): Promise<(now: Loaded) => Grown> {
  const before = loaded.inherited?.before ?? loaded.view.turns[0]?.user?.id;
  const asked = { chatId, limit: MESSAGES, ...(before === undefined ? {} : { before }) };
  const { messages, nextBefore } = await server.request("maestro/chat/get", asked);
  const first = nextBefore === undefined ? 0 : Math.max(0, messages.findIndex(({ role }) => role === "user"));
  const rest = nextBefore === undefined ? undefined : messages[first]?.id;
  const turns = turnsOf(messages.slice(first));
  return ({ inherited: _, ...now }) => {
    const view = { ...now.view, turns: [...turns, ...now.view.turns] };
    return { loaded: { ...now, view, ...(rest === undefined ? {} : { inherited: { before: rest } }) }, turns };
  };
}
