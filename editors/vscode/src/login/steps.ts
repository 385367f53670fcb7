// The steps of a login, each on the screen.
import * as vscode from "vscode";
import type { StepDeviceCode, StepField, StepOpenUrl } from "../protocol.ts";
import { showUntil } from "../support/toast.ts";

type Answers = Record<string, string>;

/** Ask for every field, secrets as passwords, until the login ends; absent if somebody gave up. `refusal`: of the last answer. */
export async function askFields(fields: readonly StepField[], done: Promise<void>, refusal?: string): Promise<Answers | undefined> {
  const answers: Answers = {};
  for (const { key, label, secret } of fields) {
    const answer = await shown(inputBox({ prompt: label, secret, ...(refusal ? { refusal } : {}) }), done);
    if (typeof answer !== "object") return undefined;
    answers[key] = answer.text;
  }
  return answers;
}

/**
 * Open the browser and offer the field for its code at once, since its way back may be closed, as in a container.
 * Whichever comes first ends it; absent if somebody gave up. After a `refusal` the browser is open already.
 */
export async function askWhileOpen(step: StepOpenUrl, done: Promise<void>, refusal?: string): Promise<Answers | "completed" | undefined> {
  if (refusal === undefined) {
    await makeReachable(step.redirectUri);
    await vscode.env.openExternal(vscode.Uri.parse(step.url, true));
  }
  const field = step.fields[0];
  const prompt = field?.label ?? vscode.l10n.t("Waiting for the browser…");
  const box = inputBox({ prompt, secret: field?.secret ?? false, ...(refusal ? { refusal } : {}) });
  box.title = vscode.l10n.t("Sign in in the browser");
  box.enabled = field !== undefined;
  box.buttons = [COPY];
  box.onDidTriggerButton(() => vscode.env.clipboard.writeText(step.url));
  const value = await shown(box, done);
  return typeof value === "object" ? { [field?.key ?? "code"]: value.text } : value;
}

interface Asked {
  readonly prompt: string;
  readonly secret: boolean;
  readonly refusal?: string;
}

/** A field; why its last content was refused stands below it until that is changed. */
function inputBox({ prompt, secret, refusal }: Asked): vscode.InputBox {
  const box = vscode.window.createInputBox();
  box.prompt = prompt;
  box.password = secret;
  box.ignoreFocusOut = true;
  box.validationMessage = refusal;
  box.onDidChangeValue(() => (box.validationMessage = undefined));
  return box;
}

const COPY: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("copy"),
  tooltip: vscode.l10n.t("Copy the address"),
};

/** Show the code to type in elsewhere, until the login ends; absent if somebody gave up. */
export async function tellDeviceCode(step: StepDeviceCode, done: Promise<void>): Promise<"completed" | undefined> {
  const open = {
    title: vscode.l10n.t("Copy Code and Open"),
    run: async () => {
      await vscode.env.clipboard.writeText(step.userCode);
      await vscode.env.openExternal(vscode.Uri.parse(step.verificationUriComplete ?? step.verificationUri, true));
    },
  };
  const message = vscode.l10n.t("Type in {0} at {1}.", step.userCode, step.verificationUri);
  return (await showUntil(done, message, [open])) ? "completed" : undefined;
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
