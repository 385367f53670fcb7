// Registers commands so that a failure is one sentence, with the one thing to do about it as a button.
import * as vscode from "vscode";
import { action, isCancelled, sentence } from "../errors.ts";

// What a command is given depends on the menu it stands in.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Run = (...given: any[]) => Promise<unknown> | unknown;

export function registerAll(commands: Readonly<Record<string, Run>>): vscode.Disposable[] {
  return Object.entries(commands).map(([name, run]) =>
    vscode.commands.registerCommand(`maestro.${name}`, async (...given: unknown[]) => {
      try {
        return await run(...given);
      } catch (error) {
        if (!isCancelled(error)) await tell(error);
        return undefined;
      }
    }),
  );
}

/** Say what went wrong, with the one thing to do about it as a button. */
export async function tell(error: unknown): Promise<void> {
  const command = action(error);
  const buttons = command ? [command.title] : [];
  const chosen = await vscode.window.showErrorMessage(sentence(error), ...buttons);
  if (command && chosen === command.title) await vscode.commands.executeCommand(command.command, ...command.arguments);
}
