// What somebody wants who presses something in the chat view.
import * as vscode from "vscode";
import type { Command } from "../protocol.ts";
import { applyCode, insertCode, openLink } from "./code.ts";
import type { FromView } from "./messages.ts";
import type { ChatPanel } from "./panel.ts";
import { problemOf } from "./problem.ts";

export async function grant(panel: ChatPanel, wish: FromView): Promise<unknown> {
  const { conversation, attachments } = panel;
  switch (wish.type) {
    case "send":
      return panel.send(wish.text);
    case "draft":
      return panel.fields.write(conversation.chatId, { text: wish.text });
    case "stop":
      return conversation.stop();
    case "withdraw":
      return conversation.withdraw(wish.number);
    case "older":
      return conversation.older();
    case "answer":
      return panel.permissions?.choose(wish.requestId, wish.optionId);
    case "attach":
      return attachments.choose();
    case "image":
      return attachments.addImage(wish.mimeType, wish.data);
    case "files":
      return attachments.addFiles(wish.uris.map((uri) => vscode.Uri.parse(uri)));
    case "detach":
      return attachments.remove(wish.id);
    case "fork":
      return vscode.commands.executeCommand("maestro.forkChat", { turnId: wish.turnId });
    case "takeBack":
      return vscode.commands.executeCommand("maestro.takeBack", { turnId: wish.turnId });
    case "selectModel":
      return vscode.commands.executeCommand("maestro.selectModel");
    case "problemButton":
      return conversation.mend((failure) => run(problemOf(failure).command));
    case "closeProblem":
      return conversation.fail(undefined);
    case "adviceButton":
      return run(panel.situation.advice?.command);
    case "copy":
      return vscode.env.clipboard.writeText(wish.text);
    case "insert":
      return insertCode(wish.text);
    case "apply":
      return applyCode(panel.changes, wish.text, wish.language);
    case "open":
      return openLink(wish.text);
    case "ready":
      return undefined;
  }
}

async function run(command: Command | undefined): Promise<unknown> {
  return command ? vscode.commands.executeCommand(command.command, ...command.arguments) : false;
}
