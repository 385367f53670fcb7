// Where it begins: makes the parts and tells them of each other.
import { join } from "node:path";
import * as vscode from "vscode";
import { chatCommands } from "./chat/commands.ts";
import { ChatPanel } from "./chat/panel.ts";
import { contextCommands } from "./context/commands.ts";
import { ContextView } from "./context/view.ts";
import { provideTexts } from "./editor/texts.ts";
import { findingCommands } from "./findings/commands.ts";
import { followFindings } from "./findings/follow.ts";
import { FindingsTree } from "./findings/tree.ts";
import { showIntents } from "./intents/commands.ts";
import { signIn } from "./login/login.ts";
import { MaestroModels } from "./native/models.ts";
import { registerParticipant } from "./native/participant.ts";
import { Permissions } from "./permissions.ts";
import { showPermissions } from "./permissions-list.ts";
import { useManifest } from "./server/configuration.ts";
import { install } from "./server/install.ts";
import { Lifecycle } from "./server/lifecycle.ts";
import type { State } from "./server/state.ts";
import { sessionCommands } from "./sessions/commands.ts";
import type { Node } from "./sessions/model.ts";
import { SessionsTree } from "./sessions/tree.ts";
import { StatusItems } from "./status/items.ts";
import { Overview } from "./status/overview.ts";
import { alertOnFailure } from "./support/alerts.ts";
import { registerAll } from "./support/commands.ts";
import { copyDebugInfo, runDoctor } from "./support/doctor.ts";
import { Situation } from "./support/situation.ts";
import { followLinks } from "./support/toast.ts";
import { chooseProgram } from "./support/settings.ts";
import { followWalkthrough, openWalkthrough, reached } from "./support/walkthrough.ts";

/** What the extension offers to other extensions. */
export interface Exported {
  readonly server: Lifecycle;
  readonly chat: ChatPanel;
  readonly permissions: Permissions;
}

let running: Lifecycle | undefined;

export function activate(context: vscode.ExtensionContext): Exported {
  useManifest(context.extension.packageJSON);
  const log = vscode.window.createOutputChannel("Maestro", { log: true });
  const environments = join(context.globalStorageUri.fsPath, "server");
  const server = new Lifecycle(log, environments);
  const sessions = new SessionsTree(server);
  const situation = new Situation(server, sessions);
  const chat = new ChatPanel(context, server, situation);
  const permissions = new Permissions(server, chat);
  const contextView = new ContextView(context.extensionUri, server, situation, () => chat.conversation.chatId);
  const findings = new FindingsTree(server);
  const models = new MaestroModels(server);
  const overview = new Overview(server, new StatusItems(), sessions, chat, permissions);
  chat.usePermissions(permissions);

  const { version } = context.extension.packageJSON as { version: string };
  const commands = {
    ...sessionCommands(server, sessions),
    ...chatCommands(server, chat),
    ...contextCommands(server, () => chat.conversation.chatId),
    ...findingCommands(server, findings),
    signIn: async (node?: Node) => {
      const signedIn = await signIn(server, node?.kind === "provider" ? node.provider : undefined);
      if (signedIn) await sessions.refresh();
      return signedIn;
    },
    answerQuestions: () => permissions.askAgain(),
    showPermissions: () => showPermissions(server),
    showIntents: () => showIntents(server, chat.conversation.chatId),
    runDoctor: () => runDoctor(server),
    restartServer: () => server.restart(),
    showLogs: () => log.show(),
    copyDebugInfo: () => copyDebugInfo(server, version),
    createEnvironment: async () => {
      const installed = await install(environments, version, log);
      if (installed) await server.restart();
      return installed;
    },
    openSettings: () => vscode.commands.executeCommand("workbench.action.openSettings", "@ext:the-maestro.maestro"),
    chooseProgram,
    getPython: () => vscode.env.openExternal(vscode.Uri.parse("https://www.python.org/downloads/")),
    openWalkthrough,
  };

  context.subscriptions.push(
    log, server, chat, permissions, contextView, sessions, situation, findings, models, overview,
    ...registerAll(commands),
    followLinks(),
    followWalkthrough(),
    provideTexts(),
    vscode.window.registerWebviewViewProvider("maestro.chat", chat.screen),
    vscode.window.registerWebviewViewProvider("maestro.context", contextView),
    vscode.window.registerTreeDataProvider("maestro.sessions", sessions),
    findings.view(),
    registerParticipant(server),
    vscode.lm.registerLanguageModelChatProvider("maestro", models),
    chat.onDidChange(() => contextView.refresh()),
    followFindings(findings),
    alertOnFailure(server, context.globalState),
    vscode.workspace.onDidGrantWorkspaceTrust(() => server.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("maestro.server")) void server.restart();
    }),
    server.on("maestro/session/didChange", () => models.refresh()),
    server.onDidChangeState((state) => {
      void tellViews(state);
      if (state.kind === "running") void begin({ sessions, findings, chat, contextView, models }, log);
      else chat.suspend();
      if (state.kind !== "running" && state.kind !== "starting") [sessions, findings].forEach((each) => each.clear());
    }),
  );
  running = server;
  void server.start();
  return { server, chat, permissions };
}

/** The editor waits for the server's end, some seconds. */
export function deactivate(): Promise<void> | undefined {
  return running?.dispose();
}

/** What the welcome views depend on. */
async function tellViews(state: State): Promise<void> {
  const set = (name: string, value: unknown): Thenable<unknown> => vscode.commands.executeCommand("setContext", `maestro.${name}`, value);
  await Promise.all([
    set("state", state.kind),
    set("programSet", "origin" in state && state.origin === "setting"),
  ]);
}

interface Filled {
  readonly sessions: SessionsTree;
  readonly findings: FindingsTree;
  readonly chat: ChatPanel;
  readonly contextView: ContextView;
  readonly models: MaestroModels;
}

/** What is to be done once a server runs, be it the first or one that came after it. */
async function begin(filled: Filled, log: vscode.LogOutputChannel): Promise<void> {
  const { sessions, findings, chat, contextView, models } = filled;
  void reached("server");
  const work = [sessions.refresh(), findings.refresh(), chat.resume()];
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") log.warn(String(result.reason));
  contextView.refresh();
  models.refresh();
  // A participant's first request fails in an editor that has never asked for our models.
  await vscode.lm.selectChatModels({ vendor: "maestro" });
}
