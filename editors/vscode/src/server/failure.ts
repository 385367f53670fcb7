// What to say, and to offer, while no server runs.
import * as vscode from "vscode";
import { Advised } from "../errors.ts";
import type { State } from "./state.ts";

/** One sentence about it, with the command that helps. */
export function failure(state: State): Advised {
  const { t } = vscode.l10n;
  const install = [t("Install Server"), "maestro.createEnvironment"] as const;
  const restart = [t("Restart Server"), "maestro.restartServer"] as const;
  switch (state.kind) {
    case "noServer":
      return new Advised(t("Maestro's server is not installed here."), ...install);
    case "incompatible":
      return new Advised(t("The installed server speaks another version of the protocol."), ...install);
    case "crashed":
      return new Advised(t("Maestro's server ended five times within three minutes."), t("Copy Report"), "maestro.copyDebugInfo");
    case "failed":
      return new Advised(state.message, t("Show Logs"), "maestro.showLogs");
    default:
      return new Advised(t("Maestro's server is not running."), ...restart);
  }
}
