// Makes the managed environment, when somebody asks for it.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { requirement, steps, type Tools } from "./environment.ts";

const PYTHONS = ["python3.13", "python3.12", "python3.11", "python3", "python"];
const RECENT = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))";

/** Make it; false if it could not be made, which has been told then. */
export async function install(folder: string, extensionVersion: string, log: vscode.LogOutputChannel): Promise<boolean> {
  const commands = steps(await tools(), folder, requirement(extensionVersion), process.platform === "win32");
  if (!commands) {
    await vscode.window.showErrorMessage(
      vscode.l10n.t("Maestro's server needs Python 3.11 or newer, or uv; install one of them and try again."),
    );
    return false;
  }
  const title = vscode.l10n.t("Installing Maestro's server…");
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, (_progress, token) => runAll(commands, log, token));
}

async function runAll(
  commands: readonly string[][],
  log: vscode.LogOutputChannel,
  token: vscode.CancellationToken,
): Promise<boolean> {
  for (const command of commands) {
    log.info(command.join(" "));
    const { ok, printed } = await run(command, token);
    log.info(printed);
    if (!ok) return token.isCancellationRequested ? false : tellFailure(log);
  }
  return true;
}

async function tellFailure(log: vscode.LogOutputChannel): Promise<false> {
  const show = vscode.l10n.t("Show Logs");
  const message = vscode.l10n.t("Maestro's server could not be installed; the log says why.");
  if ((await vscode.window.showErrorMessage(message, show)) === show) log.show();
  return false;
}

async function tools(): Promise<Tools> {
  if ((await run(["uv", "--version"])).ok) return { uv: "uv" };
  for (const python of PYTHONS) if ((await run([python, "-c", RECENT])).ok) return { python };
  return {};
}

function run(
  [program = "", ...rest]: readonly string[],
  token?: vscode.CancellationToken,
): Promise<{ ok: boolean; printed: string }> {
  return new Promise((resolve) => {
    const child = execFile(program, rest, { cwd: homedir() }, (error, out, err) => {
      stopping?.dispose();
      resolve({ ok: error === null, printed: (out + err).trim() });
    });
    const stopping = token?.onCancellationRequested(() => child.kill());
  });
}
