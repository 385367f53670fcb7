// Tells that there is no server, once for each way in which there is none.
import * as vscode from "vscode";
import { failure } from "../server/failure.ts";
import type { Lifecycle } from "../server/lifecycle.ts";
import type { State } from "../server/state.ts";
import { tell } from "./commands.ts";

const FAILURES: readonly State["kind"][] = ["noServer", "incompatible", "crashed", "failed"];
const ASKED = "maestro.askedToInstall";

/** To install a server is offered once; whoever did not want it finds it in the view. */
export function alertOnFailure(server: Lifecycle, memory: vscode.Memento): vscode.Disposable {
  return server.onDidChangeState(async (state) => {
    if (!FAILURES.includes(state.kind)) return;
    if (state.kind === "noServer" && memory.get(ASKED)) return;
    if (state.kind === "noServer") await memory.update(ASKED, true);
    await tell(failure(state));
  });
}
