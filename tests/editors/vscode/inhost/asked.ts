import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { Step } from "../../../../editors/vscode/src/protocol.ts";
import { eventually, maestro, open } from "./helpers.ts";

type Window = Record<string, (...given: never[]) => unknown>;
const NAMES = ["showErrorMessage", "showWarningMessage", "showInformationMessage", "showQuickPick", "showInputBox", "createInputBox"];
const real = Object.fromEntries(NAMES.map((name) => [name, (vscode.window as unknown as Window)[name]]));
const { openExternal } = vscode.env;
const told: string[] = [];

/** What is told is kept, and every question is answered by `answers`, which gets its words or its items. */
function inPlaceOfPeople(answers: (asked: unknown) => unknown = () => undefined): void {
  const window = vscode.window as unknown as Window;
  for (const name of ["showErrorMessage", "showWarningMessage", "showInformationMessage"]) {
    window[name] = async (text: string) => void told.push(text);
  }
  for (const name of ["showQuickPick", "showInputBox"]) window[name] = async (asked: unknown) => answers(await asked);
}

/** The open field, as far as it is looked at here. */
class Field {
  value = "";
  validationMessage: string | undefined;
  private accepted = (): void => undefined;
  private hidden = (): void => undefined;
  private readonly shown: (field: Field) => void;

  constructor(shown: (field: Field) => void) {
    this.shown = shown;
  }

  onDidAccept(heard: () => void): void {
    this.accepted = heard;
  }
  onDidHide(heard: () => void): void {
    this.hidden = heard;
  }
  onDidChangeValue(): void {}
  onDidTriggerButton(): void {}
  show(): void {
    setTimeout(() => this.shown(this));
  }
  dispose(): void {}
  type(text: string): void {
    this.value = text;
    this.accepted();
  }
  close(): void {
    this.hidden();
  }
}

describe("what people are asked and told", () => {
  afterEach(() => {
    Object.assign(vscode.window, real);
    vscode.env.openExternal = openExternal;
    told.length = 0;
  });

  it("opens no second browser for a code that was wrong, and says so at the field", async () => {
    const { server } = await maestro();
    const opened: vscode.Uri[] = [];
    const refusals: (string | undefined)[] = [];
    inPlaceOfPeople((asked) => {
      const items = asked as { label?: string }[];
      return Array.isArray(items) ? (items.find(({ label }) => label === "In the browser" || label === "OpenAI") ?? items[0]) : "browser";
    });
    vscode.env.openExternal = async (uri) => opened.push(uri) > 0;
    (vscode.window as unknown as Window)["createInputBox"] = () =>
      new Field((field) => {
        refusals.push(field.validationMessage);
        if (refusals.length === 1) field.type("not a code");
        else field.close();
      });
    await vscode.commands.executeCommand("maestro.signIn");
    assert.equal(opened.length, 1);
    assert.equal(refusals.length, 2);
    assert.ok(refusals[0] === undefined && refusals[1]);
    assert.deepEqual(told, []);
    const { sessions } = await server.request("maestro/session/list", {});
    assert.ok(!sessions.some(({ name }) => name === "browser"));
  });

  it("says nothing to whoever gives up", async () => {
    await maestro();
    inPlaceOfPeople();
    await vscode.commands.executeCommand("maestro.auditChanges");
    assert.deepEqual(told, []);
  });

  it("offers to sign out of what can be signed out of", async () => {
    const { server } = await maestro();
    const made = { provider: "openai", authType: "api_key", name: "mine", apiKey: "sk-simulated-key-0003" } as const;
    const step: Step = await server.request("maestro/session/create", made);
    assert.ok(step.type === "done");
    let offered: string[] = [];
    inPlaceOfPeople((items) => void (offered = (items as { label: string }[]).map(({ label }) => label)));
    await vscode.commands.executeCommand("maestro.signOut");
    assert.deepEqual(offered, ["mine"]);
    await server.request("maestro/session/delete", { sessionId: step.session.id });
  });

  it("is one sentence for what a shortcut has no finding for", async () => {
    await maestro();
    inPlaceOfPeople();
    for (const given of [undefined, "x", 42, null, { kind: "finding" }]) await vscode.commands.executeCommand("maestro.explainFinding", given);
    assert.deepEqual(new Set(told), new Set(["This is done with a finding, in its view."]));
    assert.equal(told.length, 5);
  });

  it("tells why no chat can be opened", async () => {
    const { server } = await maestro();
    const { request } = server;
    const { createQuickPick } = vscode.window;
    let pick: vscode.QuickPick<vscode.QuickPickItem> | undefined;
    (vscode.window as unknown as Window)["createQuickPick"] = () => (pick = createQuickPick());
    server.request = () => Promise.reject(new Error("There is no server."));
    try {
      const opening = vscode.commands.executeCommand("maestro.openChat");
      await eventually(async () => pick?.items[0]?.label === "There is no server.", "the reason in the list");
      pick?.hide();
      await opening;
    } finally {
      server.request = request;
      (vscode.window as unknown as Window)["createQuickPick"] = createQuickPick;
    }
  });

  it("counts what is shown, and takes a dismissal back where it was made", async () => {
    const { server } = await maestro();
    const { document } = await open("second.py");
    const uri = document.uri.toString();
    inPlaceOfPeople(() => "meant so");
    await vscode.commands.executeCommand("maestro.auditFile");
    const [finding] = (await server.request("maestro/finding/list", { uri })).findings;
    (vscode.window as unknown as Window)["showInformationMessage"] = async (text: string, ...buttons: string[]) => {
      told.push(text);
      return buttons[0];
    };
    told.length = 0;
    await vscode.commands.executeCommand("maestro.dismissFinding", { kind: "finding", finding });
    const state = async (): Promise<string | undefined> => (await server.request("maestro/finding/list", { uri })).findings[0]?.state;
    assert.deepEqual(told, ["The finding is not shown any more."]);
    await eventually(async () => (await state()) === "open", "the finding to be open again");

    inPlaceOfPeople(() => "meant so");
    told.length = 0;
    await vscode.commands.executeCommand("maestro.dismissFinding", { kind: "finding", finding });
    told.length = 0;
    await vscode.commands.executeCommand("maestro.auditFile");
    assert.deepEqual(told, ["All was reviewed; nothing was found."]);
    await server.request("maestro/finding/restore", { findingId: finding?.id as string });
  });
});
