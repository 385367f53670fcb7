// Errors as the server tells them: a code, one sentence, and what to do about it.
import { type Command, ErrorCode, type ErrorData, type ErrorKind } from "./protocol.ts";
import { inert } from "./text.ts";

interface Answered {
  readonly code: number;
  readonly message: string;
  readonly data?: ErrorData;
}

function answered(error: unknown): Answered | undefined {
  const known = typeof error === "object" && error !== null && "code" in error && typeof error.code === "number";
  return known ? (error as Answered) : undefined;
}

/** Whether the error has the code of this name. */
export function isKind(error: unknown, kind: ErrorKind): boolean {
  return answered(error)?.code === ErrorCode[kind];
}

/** Whether nobody waits for the answer any more. */
export function isCancelled(error: unknown): boolean {
  return isKind(error, "requestCancelled") || isKind(error, "loginCancelled");
}

/** A failure on this side, with the command that mends it. */
export class Advised extends Error {
  readonly action: Command;

  constructor(message: string, title: string, command: string) {
    super(message);
    this.action = { title, command, arguments: [] };
  }
}

/** The server ended before it answered. */
export class Lost extends Error {}

/** The turn that the error is about. */
export function turnOf(error: unknown): string | undefined {
  return answered(error)?.data?.turnId;
}

/** One sentence for a person, fit for a notification. */
export function sentence(error: unknown): string {
  return inert(error instanceof Error || answered(error) ? (error as Error).message : String(error));
}

/** The one thing to do about it, as the server offers it. */
export function action(error: unknown): Command | undefined {
  return error instanceof Advised ? error.action : answered(error)?.data?.action;
}
