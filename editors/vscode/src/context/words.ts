// The words of the context view in the editor's language, by the keys its script uses.
import * as vscode from "vscode";

export type Word = keyof ReturnType<typeof words>;

export function words() {
  const { t } = vscode.l10n;
  return {
    heading: t("Context"),
    chunks: t("What is sent with the next message"),
    empty: t("Nothing is sent but what you write."),
    instructions: t("No chunk is sent. What is counted are instructions and tools."),
    add: t("Add File…"),
    total: t("{0} tokens"),
    budget: t("{0} of {1} tokens"),
    tokens: t("{0} tokens"),
    about: t("about {0} tokens"),
    chat: t("this chat"),
    workspace: t("this folder"),
    stale: t("changed since"),
    deleted: t("deleted"),
    pin: t("Pin"),
    delete: t("Delete"),
    undo: t("Undo"),
    refresh: t("Read again"),
  };
}
