// What of a view stays when everything after a message is taken back.
import type { Part, Turn } from "./view.ts";

/** All through the message; absent if it is none of these turns'. */
export function reverted(turns: readonly Turn[], messageId: string): readonly Turn[] | undefined {
  for (let index = turns.length - 1; index >= 0; index -= 1) {
    const turn = turns[index] as Turn;
    const kept = partsKept(turn, messageId);
    if (kept !== undefined) return [...turns.slice(0, index), { ...turn, parts: turn.parts.slice(0, kept) }];
  }
  return undefined;
}

/**
 * How many of the turn's parts stay; absent if the message is none of its. A message may have no part of its name, as
 * one that only calls tools: then the turn stays whole.
 */
function partsKept(turn: Turn, messageId: string): number | undefined {
  if (turn.user?.id === messageId) return 0;
  const named = turn.parts.findLastIndex((part) => "messageId" in part && part.messageId === messageId);
  if (named >= 0) return named + 1;
  const called = turn.parts.findIndex((part) => isCall(part, turn, messageId));
  if (called >= 0) {
    const after = turn.parts.findIndex((part, index) => index >= called && part.type !== "tool");
    return after < 0 ? turn.parts.length : after;
  }
  return messageId.startsWith(`${turn.id}.`) ? turn.parts.length : undefined;
}

function isCall(part: Part, turn: Turn, messageId: string): boolean {
  return part.type === "tool" && messageId === `${turn.id}.call.${part.toolCallId}`;
}
