// What a view of a chat consists of; `tests/fixtures/reducers` says it in full.
import type {
  AttachmentPart,
  Cost,
  ErrorInfo,
  Intent,
  JsonObject,
  Limit,
  Observed,
  Risk,
  StopReason,
  ToolCompleted,
  Usage,
  UsageContext,
} from "../protocol.ts";

export interface View {
  readonly chatId?: string;
  readonly lastSeq?: number;
  /** The latest event that could not be taken, because others are missing before it. */
  readonly behind?: number;
  readonly turns: readonly Turn[];
}

export interface Turn {
  readonly id: string;
  readonly model?: string;
  readonly sessionId?: string;
  readonly user?: { readonly id?: string; readonly text?: string; readonly attachments?: readonly AttachmentPart[] };
  readonly retry?: { readonly attempt: number; readonly delayMs: number; readonly error: ErrorInfo };
  readonly parts: readonly Part[];
  /** Absent while the turn runs. */
  readonly stopReason?: StopReason;
  readonly limit?: Limit;
  readonly usage?: Usage;
  readonly cost?: Cost;
  readonly context?: UsageContext;
  readonly error?: ErrorInfo;
}

export type Part = WrittenPart | ToolPart | NoticePart | ReroutedPart;

export interface WrittenPart {
  readonly type: "text" | "reasoning";
  readonly messageId: string;
  readonly partId: string;
  readonly text: string;
}

export type ToolStatus = "writing" | "ready" | "waiting" | "running" | ToolCompleted["status"];

export interface ToolPart {
  readonly type: "tool";
  readonly toolCallId: string;
  readonly name?: string;
  readonly status: ToolStatus;
  readonly arguments?: string;
  readonly input?: JsonObject;
  readonly complete?: boolean;
  readonly intent?: Intent;
  readonly risk?: Risk;
  readonly output?: string;
  readonly content?: string;
  readonly durationMs?: number;
  readonly intentId?: string;
  readonly observed?: Observed;
}

export interface NoticePart {
  readonly type: "notice";
  readonly severity: "info" | "warning" | "error";
  readonly message: string;
}

export interface ReroutedPart {
  readonly type: "rerouted";
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export const EMPTY: View = { turns: [] };

/** Whether the chat is answering. */
export function isRunning(view: View): boolean {
  const last = view.turns.at(-1);
  return last !== undefined && last.stopReason === undefined;
}
