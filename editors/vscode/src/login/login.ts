// Signing in: the server drives the dialogue, this shows its steps. Nothing that is typed is kept.
import * as vscode from "vscode";
import { sentence } from "../errors.ts";
import type { AuthType, Flow, Provider, SessionLoginCompletedParams, Step } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { askFields, askWhileOpen, tellDeviceCode } from "./steps.ts";

interface Way {
  readonly provider: Provider;
  readonly authType: AuthType;
  readonly flow: Flow;
}

/** Sign in to a provider; true if there is a session then. */
export async function signIn(server: Server, chosen?: Provider): Promise<boolean> {
  const provider = chosen ?? (await chooseProvider(server));
  const way = provider && (await chooseWay(provider));
  const name = way && (await askName(way.provider));
  if (!way || !name) return false;
  return new Login(server).run(way, name);
}

class Login {
  private readonly ended = new Map<string, SessionLoginCompletedParams>();
  private readonly told = new vscode.EventEmitter<SessionLoginCompletedParams>();
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  async run({ provider, authType, flow }: Way, name: string): Promise<boolean> {
    const listening = this.server.on("maestro/session/loginCompleted", (completed) => {
      this.ended.set(completed.loginId, completed);
      this.told.fire(completed);
    });
    try {
      const params = { provider: provider.id, authType, flow, name, validate: true };
      return await this.follow(await this.server.request("maestro/session/create", params), name);
    } finally {
      listening.dispose();
      this.told.dispose();
    }
  }

  private async follow(first: Step, name: string): Promise<boolean> {
    for (let step = first; ; ) {
      if (step.type === "done") return announce(name);
      const inputs = await this.answers(step);
      if (inputs === "completed") return announce(name);
      if (inputs === undefined) {
        await this.server.request("maestro/session/cancel", { loginId: step.loginId });
        return false;
      }
      step = await this.next(step, inputs);
    }
  }

  /** The next step; the same once more where the answer was refused. */
  private async next(step: Exclude<Step, { type: "done" }>, inputs: Record<string, string>): Promise<Step> {
    try {
      return await this.server.request("maestro/session/continue", { loginId: step.loginId, inputs });
    } catch (error) {
      void vscode.window.showErrorMessage(sentence(error));
      const completed = this.ended.get(step.loginId);
      if (completed) throw completed.error ?? error;
      return step;
    }
  }

  private answers(step: Exclude<Step, { type: "done" }>): Promise<Record<string, string> | "completed" | undefined> {
    if (step.type === "input") return askFields(step.fields);
    const done = this.completion(step.loginId);
    return step.type === "openUrl" ? askWhileOpen(step, done) : tellDeviceCode(step, done);
  }

  /** When the login ends by itself; raises if it failed. */
  private async completion(loginId: string): Promise<void> {
    const known = this.ended.get(loginId);
    const completed =
      known ??
      (await new Promise<SessionLoginCompletedParams>((resolve) => {
        const listening = this.told.event((each) => {
          if (each.loginId !== loginId) return;
          listening.dispose();
          resolve(each);
        });
      }));
    if (completed.error) throw completed.error;
  }
}

function announce(name: string): true {
  void vscode.window.showInformationMessage(vscode.l10n.t("Signed in as {0}.", name));
  return true;
}

async function chooseProvider(server: Server): Promise<Provider | undefined> {
  const { providers } = await server.request("maestro/provider/list", {});
  const items = providers
    .filter(({ authTypes }) => authTypes.length > 0)
    .map((provider) => ({ label: provider.label, description: provider.id, provider }));
  const placeHolder = vscode.l10n.t("Sign in to which provider?");
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.provider;
}

async function chooseWay(provider: Provider): Promise<Way | undefined> {
  const labels: Record<Flow, string> = {
    key: vscode.l10n.t("API key"),
    loopback: vscode.l10n.t("In the browser"),
    paste: vscode.l10n.t("In the browser, with a code to paste"),
    device: vscode.l10n.t("With a code on any device"),
    profile: vscode.l10n.t("With another tool's login on this machine"),
    workloadIdentity: vscode.l10n.t("With the identity of this workload"),
    credentialsFile: vscode.l10n.t("With a file of credentials"),
  };
  const items = provider.authTypes.flatMap(({ authType, flows, notes }) =>
    flows.map((flow) => ({ label: labels[flow] ?? flow, ...(notes ? { detail: notes } : {}), authType, flow })),
  );
  const only = items.length === 1 ? items[0] : undefined;
  const placeHolder = vscode.l10n.t("Sign in to {0} how?", provider.label);
  const way = only ?? (await vscode.window.showQuickPick(items, { placeHolder }));
  return way && { provider, authType: way.authType, flow: way.flow };
}

function askName(provider: Provider): Thenable<string | undefined> {
  const prompt = vscode.l10n.t("A name for this session, such as work or private");
  return vscode.window.showInputBox({ prompt, title: provider.label, value: "default", ignoreFocusOut: true });
}
