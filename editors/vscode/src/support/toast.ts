// Notifications that end with what they are about. The editor closes only those of work under way, which have one button.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { bracketless, clipped, inert, plain } from "../text.ts";

export interface Link {
  readonly title: string;
  readonly run: () => unknown;
}

/** A notification has room for 1,000 characters, addresses of links included; these are left for its words. */
const MOST_CHARACTERS = 500;
const COMMAND = "maestro.follow";
const links = new Map<string, Link>();

/** What a link does is known by a name nobody can guess, so that no text from elsewhere can contain such a link. */
export function followLinks(): vscode.Disposable {
  return vscode.commands.registerCommand(COMMAND, (name: string) => links.get(name)?.run());
}

/** Show it until `ended`; false if its button was pressed before. */
export async function showUntil(ended: Promise<unknown>, message: string, offered: readonly Link[], button?: string): Promise<boolean> {
  const named = offered.map((link) => [randomBytes(12).toString("base64url"), link] as const);
  for (const [name, link] of named) links.set(name, link);
  const title = [bracketless(clipped(plain(message), MOST_CHARACTERS)), named.map(markdown).join(" · ")].filter(Boolean).join(" ");
  // The button's words may be given in place of `true`, though the types do not say so.
  const cancellable = (button === undefined ? true : inert(button)) as true;
  try {
    return await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable }, (_progress, token) => {
      const pressed = new Promise<boolean>((resolve) => token.onCancellationRequested(() => resolve(false)));
      return Promise.race([ended.then(() => true), pressed]);
    });
  } finally {
    for (const [name] of named) links.delete(name);
  }
}

/** Ask until somebody chooses or it is `settled`; the number of the choice. The last one is what the button says. */
export async function ask(settled: Promise<unknown>, message: string, choices: readonly string[]): Promise<number | undefined> {
  let chosen: number | undefined;
  let offered: Link[] = [];
  const choosing = new Promise<void>((resolve) => {
    offered = choices.slice(0, -1).map((title, index) => ({ title, run: () => resolve(void (chosen = index)) }));
  });
  const ended = await showUntil(Promise.race([settled, choosing]), message, offered, choices.at(-1));
  return ended ? chosen : choices.length - 1;
}

function markdown([name, { title }]: readonly [string, Link]): string {
  return `[${bracketless(plain(title))}](command:${COMMAND}?${encodeURIComponent(JSON.stringify([name]))})`;
}
