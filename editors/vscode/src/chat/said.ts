// Messages as the server keeps them, as turns of a view: what a fork has from the chat it began as, of which no event tells.
import type { ContentPart, Message } from "../protocol.ts";
import { pick } from "./records.ts";
import type { Part, ToolPart, Turn } from "./view.ts";

/** The turns, ended all of them. Each has the id of its first message, so that a page may begin anywhere. */
export function turnsOf(messages: readonly Message[]): Turn[] {
  const turns: (Turn & { parts: Part[] })[] = [];
  for (const message of messages) {
    if (message.role === "user" || turns.length === 0) turns.push({ id: message.id, parts: [], stopReason: "endTurn", ...userOf(message) });
    const parts = turns.at(-1)?.parts ?? [];
    if (message.role === "assistant") parts.push(...message.parts.flatMap((part, index) => partOf(part, message.id, index)));
    if (message.role === "tool") complete(parts, message);
  }
  return turns;
}

function userOf({ id, role, parts }: Message): Pick<Turn, "user"> {
  const attachments = parts.filter((part) => part.type === "attachment");
  return role === "user" ? { user: { id, text: textOf(parts), ...(attachments.length > 0 ? { attachments } : {}) } } : {};
}

function partOf(part: ContentPart, messageId: string, index: number): Part[] {
  if (part.type === "text" || part.type === "reasoning") return [{ type: part.type, messageId, partId: String(index), text: part.text }];
  return part.type === "toolCall" ? [{ type: "tool", status: "ready", ...pick(part, "toolCallId", "name", "input") }] : [];
}

/** Give the call what came of it. */
function complete(parts: Part[], { toolCallId, status = "completed", parts: content }: Message): void {
  const at = parts.findLastIndex((part) => part.type === "tool" && part.toolCallId === toolCallId);
  if (at >= 0) parts[at] = { ...(parts[at] as ToolPart), status, content: textOf(content) };
}

function textOf(parts: readonly ContentPart[]): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}
