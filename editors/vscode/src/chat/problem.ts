// What the view says of a failure, and the one thing to do about it.
import * as vscode from "vscode";
import { action, sentence } from "../errors.ts";
import type { Command } from "../protocol.ts";
import type { Failure } from "./conversation.ts";

export interface Problem {
  readonly message: string;
  readonly command?: Command;
}

/** The turn of what was said tells its error itself. */
export function problemOf({ error, said }: Failure): Problem {
  const { t } = vscode.l10n;
  const command = action(error);
  if (!said) return { message: sentence(error), ...(command ? { command } : {}) };
  const again = { title: t("Try Again"), command: "maestro.tryAgain", arguments: [] };
  return { message: t("The answer failed; the reason stands above."), command: command ?? again };
}
