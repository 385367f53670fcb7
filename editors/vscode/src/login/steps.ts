// The steps of a login, each on the screen.
import * as vscode from "vscode";
import type { StepDeviceCode, StepField, StepOpenUrl } from "../protocol.ts";

type Answers = Record<string, string>;

/** Ask for every field, secrets as passwords; absent if somebody gave up. */
export async function askFields(fields: readonly StepField[]): Promise<Answers | undefined> {
  const answers: Answers = {};
  for (const { key, label, secret } of fields) {
    const answer = await vscode.window.showInputBox({ prompt: label, password: secret, ignoreFocusOut: true });
    if (answer === undefined) return undefined;
    answers[key] = answer;
  }
  return answers;
}

/**
 * Open the browser and offer the field for its code at once, since its way back may be closed, as in a container.
 * Whichever comes first ends it; absent if somebody gave up.
 */
export async function askWhileOpen(step: StepOpenUrl, done: Promise<void>): Promise<Answers | "completed" | undefined> {
  await makeReachable(step.redirectUri);
  await vscode.env.openExternal(vscode.Uri.parse(step.url, true));
  const field = step.fields[0];
  const box = vscode.window.createInputBox();
  box.title = vscode.l10n.t("Sign in in the browser");
  box.prompt = field?.label ?? vscode.l10n.t("Waiting for the browser…");
  box.password = field?.secret ?? false;
  box.enabled = field !== undefined;
  box.ignoreFocusOut = true;
  box.buttons = [COPY];
  box.onDidTriggerButton(() => vscode.env.clipboard.writeText(step.url));
  const value = await shown(box, done);
  return typeof value === "object" ? { [field?.key ?? "code"]: value.text } : value;
}

const COPY: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("copy"),
  tooltip: vscode.l10n.t("Copy the address"),
};

/** Show the code to type in elsewhere, until the login ends; absent if somebody gave up. */
export async function tellDeviceCode(step: StepDeviceCode, done: Promise<void>): Promise<"completed" | undefined> {
  const open = vscode.l10n.t("Copy Code and Open");
  const message = vscode.l10n.t("Type in {0} at {1}.", step.userCode, step.verificationUri);
  const title = vscode.l10n.t("Waiting for {0} to be typed in at {1}…", step.userCode, step.verificationUri);
  void vscode.window.showInformationMessage(message, open).then(async (chosen) => {
    if (chosen !== open) return;
    await vscode.env.clipboard.writeText(step.userCode);
    await vscode.env.openExternal(vscode.Uri.parse(step.verificationUriComplete ?? step.verificationUri, true));
  });
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, (_progress, token) => {
    const given = new Promise<undefined>((resolve) => token.onCancellationRequested(() => resolve(undefined)));
    return Promise.race([done.then(() => "completed" as const), given]);
  });
}

/** Where the editor's window is on another machine, let its browser reach the server's port. */
async function makeReachable(redirectUri: string | undefined): Promise<void> {
  if (!redirectUri || !/^http:\/\/(localhost|127\.0\.0\.1)[:/]/.test(redirectUri)) return;
  await vscode.env.asExternalUri(vscode.Uri.parse(redirectUri));
}

function shown(box: vscode.InputBox, done: Promise<void>): Promise<{ text: string } | "completed" | undefined> {
  const answered = new Promise<{ text: string } | undefined>((resolve) => {
    box.onDidAccept(() => box.value && resolve({ text: box.value }));
    box.onDidHide(() => resolve(undefined));
    box.show();
  });
  return Promise.race([answered, done.then(() => "completed" as const)]).finally(() => box.dispose());
}
