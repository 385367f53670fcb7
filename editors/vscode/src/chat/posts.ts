// What the page is told of a conversation and of what surrounds it.
import * as vscode from "vscode";
import type { Situation } from "../support/situation.ts";
import type { Conversation } from "./conversation.ts";
import type { Held } from "./drafts.ts";
import type { Told, ToView, Waiting } from "./messages.ts";
import { problemOf } from "./problem.ts";

export function busyMessage({ busy, elsewhere, loads, waiting }: Conversation): ToView {
  const queues = vscode.workspace.getConfiguration("maestro").get("chat.delivery") === "queue";
  return { type: "busy", busy, elsewhere, queues, loads, waiting: waiting.map(waitingOf) };
}

/** Something without words is told by what is attached. */
function waitingOf({ number, draft: { text, attached } }: Conversation["waiting"][number]): Waiting {
  return { number, text: text || attached.map(({ label }) => label).join(", ") };
}

export function headingMessage({ chat, loads }: Conversation, model: string | undefined): ToView {
  const title = chat?.title ?? (loads ? vscode.l10n.t("Loading…") : "");
  return { type: "heading", heading: { title, model: model ?? "", session: chat?.sessionId ?? "" } };
}

export function problemMessage({ failure }: Conversation): ToView {
  return { type: "problem", ...(failure ? { problem: told(problemOf(failure)) } : {}) };
}

export function adviceMessage({ advice }: Situation): ToView {
  return { type: "advice", ...(advice ? { advice: { ...told(advice), hint: advice.weight === "hint" } } : {}) };
}

export function attachmentsMessage(held: readonly Held[]): ToView {
  return { type: "attachments", attachments: held.map(({ id, label }) => ({ id, label })) };
}

function told({ message, command }: { message: string; command?: { title: string } }): Told {
  return { message, ...(command ? { button: command.title } : {}) };
}
