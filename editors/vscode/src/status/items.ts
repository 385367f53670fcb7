// The status bar item, and the language status with the server's state.
import * as vscode from "vscode";
import type { Command } from "../protocol.ts";
import { line, severity, type Shown } from "./model.ts";

const LEVELS = {
  error: vscode.LanguageStatusSeverity.Error,
  warning: vscode.LanguageStatusSeverity.Warning,
  information: vscode.LanguageStatusSeverity.Information,
};

export class StatusItems implements vscode.Disposable {
  private readonly bar = vscode.window.createStatusBarItem("maestro.status", vscode.StatusBarAlignment.Right, 90);
  private readonly language = vscode.languages.createLanguageStatusItem("maestro.server", { scheme: "file" });

  constructor() {
    this.bar.name = "Maestro";
    this.language.name = "Maestro";
    this.language.command = { title: vscode.l10n.t("Run Doctor"), command: "maestro.runDoctor" };
  }

  show(shown: Shown): void {
    const level = severity(shown);
    const message = shown.waiting ? vscode.l10n.t("A tool waits for your permission.") : shown.status?.message || words(shown.server);
    this.bar.text = line(shown);
    this.bar.tooltip = message;
    this.bar.accessibilityInformation = { label: `Maestro: ${line(shown).replace(/\$\([^)]*\) /, "")}. ${message}` };
    this.bar.backgroundColor = level && new vscode.ThemeColor(`statusBarItem.${level}Background`);
    this.bar.command = shown.waiting ? "maestro.answerQuestions" : (commandOf(shown.status?.command) ?? "maestro.switchSession");
    this.bar.show();
    this.language.text = message;
    this.language.busy = shown.server === "starting";
    this.language.severity = LEVELS[level ?? "information"];
  }

  dispose(): void {
    this.bar.dispose();
    this.language.dispose();
  }
}

function commandOf(command: Command | undefined): vscode.Command | undefined {
  return command && { title: command.title, command: command.command, arguments: command.arguments };
}

function words(server: Shown["server"]): string {
  const { t } = vscode.l10n;
  const all: Record<Shown["server"], string> = {
    stopped: t("The server does not run."),
    starting: t("The server is starting."),
    running: t("The server is running."),
    noServer: t("The server is not installed here."),
    incompatible: t("The server speaks another version of the protocol."),
    crashed: t("The server ended five times within three minutes."),
    failed: t("The server could not be started."),
  };
  return all[server];
}
