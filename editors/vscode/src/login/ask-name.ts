// Asks for the name of a session, and says at once what is wrong with one.
import * as vscode from "vscode";
import { nameProblem, type NameProblem } from "./names.ts";

export interface Question {
  readonly prompt: string;
  readonly value: string;
  readonly taken: readonly string[];
  readonly title?: string;
}

/** The name; absent if somebody gave up. */
export async function askName({ taken, ...shown }: Question): Promise<string | undefined> {
  const validateInput = (name: string): string | undefined => told(nameProblem(name, taken));
  return (await vscode.window.showInputBox({ ...shown, validateInput, ignoreFocusOut: true }))?.trim();
}

function told(problem: NameProblem | undefined): string | undefined {
  const { t } = vscode.l10n;
  const words: Record<NameProblem, string> = {
    empty: t("A session needs a name."),
    long: t("At most 100 characters."),
    signs: t("Neither `:` nor `/` nor invisible characters."),
    taken: t("This name is taken, or belongs to the key of the environment."),
  };
  return problem && words[problem];
}
