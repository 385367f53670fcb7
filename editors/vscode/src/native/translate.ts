// What the editor's language model interface says, in the words of the protocol, and the other way round.
import { isKind } from "../errors.ts";
import type { ChatMessage, ChatParams, ContentPart, ErrorKind, InputPart, JsonObject } from "../protocol.ts";

export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "call"; readonly text: ""; readonly id: string; readonly name: string; readonly input: JsonObject }
  | { readonly type: "result"; readonly text: string; readonly id: string }
  | { readonly type: "image"; readonly text: ""; readonly mimeType: string; readonly data: string };

const CHARACTERS_PER_TOKEN = 4;
const TOKENS_PER_IMAGE = 1_000;

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
  if (part.type === "image") return [{ type: "image", mimeType: part.mimeType, data: part.data }];
  return part.type === "text" && part.text ? [{ type: "text", text: part.text }] : [];
}

/** About how many tokens a part is. */
export function tokensOf(part: Part): number {
  if (part.type === "image") return TOKENS_PER_IMAGE;
  const text = part.type === "call" ? part.name + JSON.stringify(part.input) : part.text;
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** Bytes of some type: an image, or a text; absent if they are neither, as marks of the editor's own are. */
export function dataPart(mimeType: string, data: Uint8Array): Extract<Part, { type: "image" | "text" }> | undefined {
  if (mimeType.startsWith("image/")) return { type: "image", text: "", mimeType, data: Buffer.from(data).toString("base64") };
  const isText = mimeType.startsWith("text/") || /^application\/(.*\+)?json$/.test(mimeType);
  return isText ? { type: "text", text: new TextDecoder().decode(data) } : undefined;
}

/** A part of a message, of what is neither a file nor a place in one. */
export function inputOf(part: Part | undefined): InputPart[] {
  if (part?.type === "image") return [{ type: "image", mimeType: part.mimeType, data: part.data }];
  return part?.text ? [{ type: "text", text: part.text }] : [];
}

/** Options by the names that callers know from providers; what no provider here takes is left out. */
export function paramsOf(options: Readonly<Record<string, unknown>> | undefined): ChatParams {
  const first = (...names: string[]): unknown => names.map((name) => options?.[name]).find((value) => value !== undefined);
  const temperature = first("temperature");
  const maxTokens = first("maxTokens", "max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens");
  return {
    ...(typeof temperature === "number" ? { temperature } : {}),
    ...(typeof maxTokens === "number" ? { maxTokens } : {}),
  };
}

export type Refused = "NoPermissions" | "Blocked" | "NotFound";

const REFUSED: Readonly<Record<Refused, readonly ErrorKind[]>> = {
  NoPermissions: ["authRequired", "authRejected", "authExpired", "sessionNotFound", "vaultUnavailable"],
  Blocked: ["rateLimited", "quotaExceeded", "budgetExceeded", "contentFiltered"],
  NotFound: ["modelNotFound", "providerNotFound", "ambiguous"],
};

/** What the editor calls this failure, if it has a name for it. */
export function refused(error: unknown): Refused | undefined {
  const names = Object.keys(REFUSED) as Refused[];
  return names.find((name) => REFUSED[name].some((kind) => isKind(error, kind)));
}
