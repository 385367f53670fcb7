// Signing in: the server drives the dialogue, this shows its steps. Nothing that is typed is kept.
import * as vscode from "vscode";
import { sentence } from "../errors.ts";
import type { AuthType, Flow, Provider, SessionLoginCompletedParams, Step } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import type { State } from "../server/state.ts";
import { askName } from "./ask-name.ts";
import { freeName, takenNames } from "./names.ts";
import { askFields, askWhileOpen, tellDeviceCode } from "./steps.ts";

/** A server that says when it ends, for a login goes with it. */
export type Living = Server & { readonly onDidChangeState: vscode.Event<State> };

type Asking = Exclude<Step, { type: "done" }>;

interface Way {
  readonly provider: Provider;
  readonly authType: AuthType;
  readonly flow: Flow;
}

/** Sign in to a provider; true if there is a session then. */
export async function signIn(server: Living, chosen?: Provider): Promise<boolean> {
  const provider = chosen ?? (await chooseProvider(server));
  const way = provider && (await chooseWay(provider));
  const name = way && (await nameFor(server, way));
  if (!way || !name) return false;
  return new Login(server).run(way, name);
}

class Login {
  private readonly ended = new Map<string, SessionLoginCompletedParams>();
  private readonly told = new vscode.EventEmitter<SessionLoginCompletedParams>();
  private readonly died = new vscode.EventEmitter<void>();
  private gone = false;
  private readonly server: Living;

  constructor(server: Living) {
    this.server = server;
  }

  async run({ provider, authType, flow }: Way, name: string): Promise<boolean> {
    const listening = this.server.on("maestro/session/loginCompleted", (completed) => {
      this.ended.set(completed.loginId, completed);
      this.told.fire(completed);
    });
    const params = { provider: provider.id, authType, flow, name, validate: true };
    let living: vscode.Disposable = this.died;
    try {
      const first = await this.server.request("maestro/session/create", params);
      // The server may have been started for this.
      living = this.server.onDidChangeState(() => this.die());
      return await this.follow(first, name);
    } finally {
      for (const each of [listening, living, this.told, this.died]) each.dispose();
    }
  }

  private die(): void {
    this.gone = true;
    this.died.fire();
  }

  private async follow(first: Step, name: string): Promise<boolean> {
    let refusal: string | undefined;
    for (let step = first; ; ) {
      if (step.type === "done") return announce(name);
      const inputs = await this.answers(step, refusal);
      if (inputs === "completed") return announce(name);
      if (inputs === undefined) {
        await this.server.request("maestro/session/cancel", { loginId: step.loginId });
        return false;
      }
      [step, refusal] = await this.next(step, inputs);
    }
  }

  /** The next step; the same once more, and why, where the answer was refused. */
  private async next(step: Asking, inputs: Record<string, string>): Promise<[Step, string?]> {
    try {
      return [await this.server.request("maestro/session/continue", { loginId: step.loginId, inputs })];
    } catch (error) {
      const completed = this.ended.get(step.loginId);
      if (completed || this.gone) throw completed?.error ?? error;
      return [step, sentence(error)];
    }
  }

  private answers(step: Asking, refusal?: string): Promise<Record<string, string> | "completed" | undefined> {
    const done = this.completion(step.loginId);
    if (step.type === "input") return askFields(step.fields, done, refusal);
    return step.type === "openUrl" ? askWhileOpen(step, done, refusal) : tellDeviceCode(step, done);
  }

  /** When the login ends by itself; raises if it failed, or if the server ends. */
  private completion(loginId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = ({ error }: SessionLoginCompletedParams): void => (error ? reject(error) : resolve());
      const fail = (): void => reject(new Error(vscode.l10n.t("The server ended during the login; sign in again.")));
      const known = this.ended.get(loginId);
      if (known) settle(known);
      else if (this.gone) fail();
      this.told.event((each) => each.loginId === loginId && settle(each));
      this.died.event(fail);
    });
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

async function nameFor(server: Server, { provider, authType }: Way): Promise<string | undefined> {
  const { sessions } = await server.request("maestro/session/list", {});
  const taken = takenNames(sessions, provider.id, authType);
  const prompt = vscode.l10n.t("A name for this session, such as work or private");
  return askName({ prompt, title: provider.label, value: freeName(taken), taken });
}
