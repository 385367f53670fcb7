// A view and an event in, the next view out. What an event leaves alone stays the same object.
import type { ChatEvent, TurnEvent } from "../protocol.ts";
import { reverted } from "./revert.ts";
import { pick, without } from "./records.ts";
import type { Part, ToolPart, ToolStatus, Turn, View } from "./view.ts";

type Of<T extends TurnEvent["type"]> = Extract<TurnEvent, { type: T }>;

const PERMISSIONS: Record<string, ToolStatus> = {
  pending: "waiting",
  denied: "denied",
  granted: "running",
  notNeeded: "running",
};
const UNENDED: readonly ToolStatus[] = ["writing", "ready", "waiting", "running"];

export function reduce(view: View, event: ChatEvent): View {
  if (view.chatId !== undefined && view.chatId !== event.chatId) return view;
  const last = view.lastSeq ?? event.seq - 1;
  if (event.seq <= last) return view;
  if (event.seq > last + 1) return { ...view, behind: Math.max(event.seq, view.behind ?? 0) };
  const seen = { ...view, lastSeq: event.seq, ...pick(event, "chatId"), turns: turnsAfter(view.turns, event) };
  return view.behind !== undefined && view.behind <= event.seq ? without(seen, "behind") : seen;
}

function turnsAfter(turns: readonly Turn[], event: ChatEvent): readonly Turn[] {
  if (event.type === "chat.reverted") return reverted(turns, event.throughMessageId) ?? [];
  const old = turns.find((turn) => turn.id === event.turnId);
  const after = turnAfter(without(old ?? { id: event.turnId, parts: [] }, "retry"), event);
  if (after === undefined) return turns;
  return old ? turns.map((turn) => (turn === old ? after : turn)) : [...turns, after];
}

/** Absent for an event this version does not know. */
function turnAfter(turn: Turn, event: TurnEvent): Turn | undefined {
  switch (event.type) {
    case "turn.started":
      return started(turn, event);
    case "text.delta":
    case "reasoning.delta":
      return written(turn, event);
    case "tool.started":
      return withTool(turn, event, (part) => ({ ...part, name: event.name }));
    case "tool.inputDelta":
      return withTool(turn, event, (part) => ({ ...part, arguments: (part.arguments ?? "") + event.text }));
    case "tool.ready":
      return ready(turn, event);
    case "tool.outputDelta":
      return withTool(turn, event, (part) => ({ ...part, status: "running", output: (part.output ?? "") + event.text }));
    case "tool.completed":
      return withTool(turn, event, (part) => ({
        ...without(part, "arguments", "output"),
        ...pick(event, "status", "content", "durationMs", "intentId", "observed"),
      }));
    case "usage.updated":
      return { ...turn, ...pick(event, "usage", "cost", "context") };
    case "retrying":
      return { ...turn, retry: pick(event, "attempt", "delayMs", "error") };
    case "restarted":
      return { ...turn, parts: turn.parts.filter((part) => !isOfAttempt(part, event.messageId)) };
    case "rerouted":
      return rerouted(turn, event);
    case "notice":
      return { ...turn, parts: [...turn.parts, { type: "notice", ...pick(event, "severity", "message") }] };
    case "turn.completed":
      return { ...turn, ...pick(event, "stopReason", "limit", "usage", "cost", "error") };
    default:
      return undefined;
  }
}

function started(turn: Turn, event: Of<"turn.started">): Turn {
  const { userMessageId: id } = event;
  const user = { ...(id === undefined ? {} : { id }), ...pick(event, "text", "attachments") };
  const said = Object.keys(user).length > 0 ? { user } : {};
  return { ...turn, ...pick(event, "model", "sessionId"), ...said };
}

function written(turn: Turn, event: Of<"text.delta"> | Of<"reasoning.delta">): Turn {
  const type = event.type === "text.delta" ? "text" : "reasoning";
  const isIt = (part: Part): boolean =>
    part.type === type && part.messageId === event.messageId && part.partId === event.partId;
  const index = turn.parts.findLastIndex(isIt);
  const old = turn.parts[index];
  const text = (old && "text" in old ? old.text : "") + event.text;
  return withPart(turn, index, { type, ...pick(event, "messageId", "partId"), text });
}

function ready(turn: Turn, event: Of<"tool.ready">): Turn {
  const status = PERMISSIONS[event.permission ?? ""] ?? "ready";
  const told = { ...pick(event, "name", "input", "complete", "intent", "risk"), status };
  return withTool(turn, event, (part) => ({ ...without(part, "arguments"), ...told }));
}

/** Without the answer so far go its texts, and the calls that have not ended, which can only be its own. */
function isOfAttempt(part: Part, messageId: string): boolean {
  if (part.type === "tool") return UNENDED.includes(part.status);
  return "messageId" in part && part.messageId === messageId;
}

function rerouted(turn: Turn, event: Of<"rerouted">): Turn {
  const part = { type: "rerouted" as const, ...pick(event, "from", "to", "reason") };
  return {
    ...without(turn, "sessionId"),
    model: event.to,
    ...pick(event, "sessionId"),
    parts: [...turn.parts, part],
  };
}

function withTool(
  turn: Turn,
  event: { readonly toolCallId: string; readonly name?: string },
  change: (part: ToolPart) => ToolPart,
): Turn {
  const index = turn.parts.findLastIndex((part) => part.type === "tool" && part.toolCallId === event.toolCallId);
  const fresh: ToolPart = { type: "tool", ...pick(event, "toolCallId", "name"), status: "writing" };
  return withPart(turn, index, change((turn.parts[index] as ToolPart | undefined) ?? fresh));
}

/** The turn with another part at this index, or one more. */
function withPart(turn: Turn, index: number, part: Part): Turn {
  return { ...turn, parts: index < 0 ? [...turn.parts, part] : turn.parts.with(index, part) };
}
