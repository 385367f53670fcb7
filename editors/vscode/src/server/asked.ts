// Waiting for an answer that may never come: the connection is lost, or a silent server ignores that it is cancelled.
import * as vscode from "vscode";
import { ConnectionError, ErrorCodes, LSPErrorCodes, ResponseError } from "vscode-languageclient/node";
import type { Connection } from "./connection.ts";

/** How long a server may take to answer a request that was cancelled. */
const CANCEL_MS = 3000;
const LOST: readonly unknown[] = [
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.ConnectionInactive,
  ErrorCodes.MessageWriteError,
  ErrorCodes.MessageReadError,
];

/** The answer; an end of the server is told as what it is, and as cancelled if somebody wanted it. */
export async function answerOf<T>(connection: Connection, answer: Promise<T>, token?: vscode.CancellationToken): Promise<T> {
  try {
    return await connection.pulse.during(token ? orCancelled(answer, token) : answer);
  } catch (error) {
    if (!(error instanceof ConnectionError) && !LOST.includes((error as { code?: unknown } | undefined)?.code)) throw error;
    if (connection.fate === "left") throw cancelled();
    throw connection.lost(vscode.l10n.t("Maestro's server ended before it answered."));
  }
}

function orCancelled<T>(answer: Promise<T>, token: vscode.CancellationToken): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const listening = token.onCancellationRequested(() => (timer = setTimeout(() => reject(cancelled()), CANCEL_MS)));
    const settle = (): void => {
      clearTimeout(timer);
      listening.dispose();
    };
    answer.then(resolve, reject).finally(settle);
  });
}

function cancelled(): Error {
  return new ResponseError(LSPErrorCodes.RequestCancelled, "Cancelled.");
}
