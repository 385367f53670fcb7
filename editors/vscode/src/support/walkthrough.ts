// The walkthrough and how far somebody is in it, by what really happened.
import * as vscode from "vscode";

export type Fact = "server" | "session" | "chat" | "audit";

const reachedFacts = new Set<Fact>();
let opened = false;

/** This has happened. */
export async function reached(fact: Fact): Promise<void> {
  reachedFacts.add(fact);
  if (opened) await mark(fact);
}

/** Open it. The editor counts only what becomes true while it knows the steps, so that is told now. */
export async function openWalkthrough(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openWalkthrough", "the-maestro.maestro#start");
  opened = true;
  for (const fact of reachedFacts) await mark(fact);
}

async function mark(fact: Fact): Promise<void> {
  await vscode.commands.executeCommand("setContext", `maestro.done.${fact}`, true);
}
