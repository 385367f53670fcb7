// How a client uses the generated types: this file is only type-checked, never run.
import {
  ErrorCode,
  type ErrorKind,
  type ServerNotifications,
  type ServerRequests,
  type Step,
  type TurnEvent,
} from "../../../editors/vscode/src/protocol.js";

type Send = ServerRequests["maestro/chat/send"];

export const params: Send["params"] = { input: "Hello", params: { effort: "low" }, _meta: { from: "a test" } };

// @ts-expect-error names are camelCase
export const misspelt: Send["params"] = { input: "Hello", chat_id: "c1" };

// @ts-expect-error `input` is required
export const incomplete: Send["params"] = {};

// @ts-expect-error this request streams nothing
export const event: ServerRequests["maestro/status"]["event"] = {};

/** A default the server always sends is there to be read. */
export function total(result: Send["result"]): number {
  return result.usage.totalTokens;
}

/** `type` tells events apart. */
export function text(event: TurnEvent): string {
  return event.type === "text.delta" ? event.text : event.type;
}

export function loginId(step: Step): string | undefined {
  return step.type === "done" ? undefined : step.loginId;
}

export function changed(value: ServerNotifications["maestro/session/didChange"]): number {
  return value.changed.length;
}

export const kind: ErrorKind = "rateLimited";
export const code: 4201 = ErrorCode[kind];
