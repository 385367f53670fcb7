// Registers commands so that a failure is one sentence, with the one thing to do about it as a button.
import * as vscode from "vscode";
import { action, isCancelled, sentence } from "../errors.ts";

// What a command is given depends on the menu it stands in.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Run = (...given: any[]) => Promise<unknown> | unknown;

/** What a command that failed gives is `false`. */
export function registerAll(commands: Readonly<Record<string, Run>>): vscode.Disposable[] {
  return Object.entries(commands).map(([name, run]) =>
    vscode.commands.registerCommand(`maestro.${name}`, async (...given: unknown[]) => {
      try {
        return await run(...given);
      } catch (error) {
        if (!isCancelled(error)) await tell(error);
        return false;
      }
    }),
  );
}

/** An end of the server is an error of all who waited for it, and of the view that tells of it: told once. */
const SAME_MS = 3000;
const toldAt = new WeakMap<Error, number>();

/**
 * Say what went wrong, with the one thing to do about it as a button. The editor keeps an error with a button until
 * somebody closes it, also when it is mended long since; a warning goes by itself.
 */
export async function tell(error: unknown): Promise<void> {
  if (error instanceof Error) {
    if (Date.now() - (toldAt.get(error) ?? -SAME_MS) < SAME_MS) return;
    toldAt.set(error, Date.now());
  }
  const command = action(error);
  if (!command) return void vscode.window.showErrorMessage(sentence(error));
  const chosen = await vscode.window.showWarningMessage(sentence(error), command.title);
  if (chosen === command.title) await vscode.commands.executeCommand(command.command, ...command.arguments);
}
