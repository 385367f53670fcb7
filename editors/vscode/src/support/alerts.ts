// Tells that there is no server, once for each way in which there is none, and that there is one which does not answer.
import * as vscode from "vscode";
import { Advised } from "../errors.ts";
import { failure } from "../server/failure.ts";
import type { Lifecycle } from "../server/lifecycle.ts";
import { isFailure, type State } from "../server/state.ts";
import { tell } from "./commands.ts";

const ASKED = "maestro.askedToInstall";

/** To install a server is offered once; whoever did not want it finds it in the view. */
export function alertOnFailure(server: Lifecycle, memory: vscode.Memento): vscode.Disposable {
  const alert = async (state: State): Promise<void> => {
    if (!isFailure(state)) return;
    if (state.kind === "noServer" && memory.get(ASKED)) return;
    if (state.kind === "noServer") await memory.update(ASKED, true);
    await tell(failure(state));
  };
  const { t } = vscode.l10n;
  return vscode.Disposable.from(
    server.onDidChangeState(alert),
    server.onDidFallSilent(() => tell(new Advised(t("Maestro's server does not answer."), t("Restart Server"), "maestro.restartServer"))),
  );
}
