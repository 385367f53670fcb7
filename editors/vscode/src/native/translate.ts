// Messages of the editor's language model interface in the words of the protocol.
import type { ChatMessage, ContentPart, JsonObject } from "../protocol.ts";

export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "call"; readonly text: ""; readonly id: string; readonly name: string; readonly input: JsonObject }
  | { readonly type: "result"; readonly text: string; readonly id: string };

/** One message, or several: results of tools are messages of their own and come first. */
export function messagesOf(role: "user" | "assistant", parts: readonly Part[]): ChatMessage[] {
  const results = parts.flatMap((part): ChatMessage[] =>
    part.type === "result" ? [{ role: "tool", toolCallId: part.id, content: part.text }] : [],
  );
  const content = parts.flatMap(contentOf);
  return content.length > 0 ? [...results, { role, content }] : results;
}

function contentOf(part: Part): ContentPart[] {
  if (part.type === "call") return [{ type: "toolCall", toolCallId: part.id, name: part.name, input: part.input }];
  return part.type === "text" && part.text ? [{ type: "text", text: part.text }] : [];
}
