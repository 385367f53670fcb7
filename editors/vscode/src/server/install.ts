// Makes the managed environment, when somebody asks for it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { Advised } from "../errors.ts";
import { requirement, steps, type Tools } from "./environment.ts";
import { adopt, another } from "./installed.ts";

const PYTHONS = ["python3.13", "python3.12", "python3.11", "python3", "python"];
const RECENT = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))";

type Heard = (text: string) => void;

let underWay: Promise<boolean> | undefined;

/** Make it beside the one that is there; false if somebody stopped that. Who asks meanwhile gets the same one. */
export function install(environments: string, extensionVersion: string, log: vscode.LogOutputChannel): Promise<boolean> {
  return (underWay ??= make(environments, extensionVersion, log).finally(() => (underWay = undefined)));
}

async function make(environments: string, extensionVersion: string, log: vscode.LogOutputChannel): Promise<boolean> {
  const folder = another(environments, Date.now());
  const commands = steps(await tools((text) => log.debug(text)), folder, requirement(extensionVersion), process.platform === "win32");
  const { t } = vscode.l10n;
  if (!commands) throw new Advised(t("Maestro's server needs Python 3.11 or newer, or uv; neither was found."), t("Get Python"), "maestro.getPython");
  const title = t("Installing Maestro's server…");
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const made = await vscode.window.withProgress(options, (_progress, token) => runAll(commands, log, token));
  if (made === "done") adopt(environments, folder);
  else await rm(folder, { recursive: true, force: true });
  if (made === "failed") throw new Advised(t("Maestro's server could not be installed; the log says why."), t("Show Logs"), "maestro.showLogs");
  return made === "done";
}

async function runAll(commands: readonly string[][], log: vscode.LogOutputChannel, token: vscode.CancellationToken): Promise<"done" | "failed" | "stopped"> {
  for (const command of commands) {
    log.info(command.join(" "));
    const ok = await run(command, (text) => log.info(text), token);
    if (token.isCancellationRequested) return "stopped";
    if (!ok) return "failed";
  }
  return "done";
}

async function tools(heard: Heard): Promise<Tools> {
  if (await run(["uv", "--version"], heard)) return { uv: "uv" };
  for (const python of PYTHONS) if (await run([python, "-c", RECENT], heard)) return { python };
  return {};
}

/** Run it to its end and hear what it prints; whether it succeeded. */
async function run([program = "", ...rest]: readonly string[], heard: Heard, token?: vscode.CancellationToken): Promise<boolean> {
  const child = spawn(program, rest, { cwd: homedir(), stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => heard(text.trimEnd()));
  }
  const stopping = token?.onCancellationRequested(() => child.kill("SIGKILL"));
  try {
    return (await once(child, "close"))[0] === 0;
  } catch (error) {
    heard(String(error));
    return false;
  } finally {
    stopping?.dispose();
  }
}
