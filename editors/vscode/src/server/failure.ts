// What to say, and to offer, while no server runs: one sentence, and the one command that helps.
import * as vscode from "vscode";
import { Advised } from "../errors.ts";
import type { State } from "./state.ts";

type Offer = readonly [title: string, command: string];
type Failed = Extract<State, { kind: "failed" }>;

const told = new WeakMap<State, Advised>();

/** The same error for the same state, so that it is told once to those who wait for it. */
export function failure(state: State): Advised {
  const known = told.get(state) ?? new Advised(sentence(state), ...offer(state));
  told.set(state, known);
  return known;
}

function sentence(state: State): string {
  const { t } = vscode.l10n;
  switch (state.kind) {
    case "noServer":
      return t("Maestro's server is not installed here.");
    case "incompatible":
      return t("The installed server speaks another version of the protocol.");
    case "crashed":
      return t("Maestro's server ended five times within three minutes.");
    case "failed":
      return ofFault(state);
    default:
      return t("Maestro's server is not running.");
  }
}

function ofFault({ fault, program }: Failed): string {
  const { t } = vscode.l10n;
  const sentences: Record<Failed["fault"], string> = {
    setting: t("The setting {0} must be a program, or a list of a program and its arguments.", program),
    notFound: t("{0} could not be started.", program),
    foreign: t("{0} is not Maestro's server.", program),
    ended: t("{0} ended before it was ready; the log says why.", program),
    silent: t("{0} did not answer in time.", program),
  };
  return sentences[fault];
}

function offer(state: State): Offer {
  const { t } = vscode.l10n;
  const install = [t("Install Server"), "maestro.createEnvironment"] as const;
  const choose = [t("Choose a Program"), "maestro.chooseProgram"] as const;
  const showLogs = [t("Show Logs"), "maestro.showLogs"] as const;
  switch (state.kind) {
    case "noServer":
      return install;
    case "incompatible":
      return state.origin === "setting" ? choose : install;
    case "crashed":
      return [t("Copy Report"), "maestro.copyDebugInfo"];
    case "failed":
      if (state.origin === "managed") return install;
      return state.fault === "ended" || state.fault === "silent" ? showLogs : choose;
    default:
      return [t("Restart Server"), "maestro.restartServer"];
  }
}
