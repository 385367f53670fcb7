// The words of the page about intents in the editor's language.
import * as vscode from "vscode";
import { words as chat } from "../chat/words.ts";

export type Words = ReturnType<typeof words>;

export function words() {
  const { t } = vscode.l10n;
  const { purpose, scope, risk, high, medium, low, test_pass, best_practice, maintenance } = chat();
  return {
    ...{ purpose, scope, risk, high, medium, low, test_pass, best_practice, maintenance },
    title: t("Intents"),
    whole: t("The ledger is as it was written; entries checked: {0}."),
    broken: t("The ledger was changed: after {0} entries, {1} is not as it was written."),
    none: t("No tool was called."),
    more: t("There are older ones."),
    undeclared: t("not declared"),
    rationale: t("Because: {0}"),
    decision: t("Decision: {0}"),
    undecided: t("none yet"),
    allowed: t("allowed"),
    denied: t("denied"),
    cancelled: t("cancelled"),
    refused: t("refused"),
    returned: t("given to whoever asked"),
    by: {
      policy: t("by the rules"),
      grant: t("by a permission given before"),
      client: t("by you"),
      timeout: t("nobody answered"),
      cancel: t("it was stopped"),
    },
    observed: t("What happened: {0}"),
    nothing: t("nothing that was seen"),
    bytes: t("{0} bytes written"),
    exitCode: t("exit code {0}"),
    partial: t("not all of the workspace could be watched"),
    mismatch: t("Outside its scope: {0}"),
  };
}
