// The walkthrough and how far somebody is in it, by what really happened.
import * as vscode from "vscode";

export type Fact = "server" | "session" | "chat" | "audit";

/** The editor learns the steps a moment after it shows their page. */
const LEARNT_MS = 1000;

const reachedFacts = new Set<Fact>();

/** This has happened. */
export async function reached(fact: Fact): Promise<void> {
  reachedFacts.add(fact);
  await mark(fact);
}

export async function openWalkthrough(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openWalkthrough", "the-maestro.maestro#start");
  await markAll();
}

/** Also when the editor opens it by itself: then a page opens of a kind that extensions are not told. */
export function followWalkthrough(): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  const listening = vscode.window.tabGroups.onDidChangeTabs(({ opened, changed }) => {
    if (![...opened, ...changed].some(({ input }) => input === undefined)) return;
    clearTimeout(timer);
    timer = setTimeout(() => void markAll(), LEARNT_MS);
  });
  return new vscode.Disposable(() => {
    clearTimeout(timer);
    listening.dispose();
  });
}

async function markAll(): Promise<void> {
  for (const fact of reachedFacts) await mark(fact);
}

/** The editor counts only what becomes true while it knows the steps, and never what was true before: so it is true for a moment. */
async function mark(fact: Fact): Promise<void> {
  for (const value of [true, false]) await vscode.commands.executeCommand("setContext", `maestro.done.${fact}`, value);
}
