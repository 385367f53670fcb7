// Where it begins: makes the parts and tells them of each other.
import { join } from "node:path";
import * as vscode from "vscode";
import { chatCommands } from "./chat/commands.ts";
import { ChatPanel } from "./chat/panel.ts";
import { contextCommands } from "./context/commands.ts";
import { ContextView } from "./context/view.ts";
import { findingCommands } from "./findings/commands.ts";
import { FindingsTree } from "./findings/tree.ts";
import { signIn } from "./login/login.ts";
import { MaestroModels } from "./native/models.ts";
import { registerParticipant } from "./native/participant.ts";
import { Permissions } from "./permissions.ts";
import { showPermissions } from "./permissions-list.ts";
import { useManifest } from "./server/configuration.ts";
import { install } from "./server/install.ts";
import { Lifecycle } from "./server/lifecycle.ts";
import { sessionCommands } from "./sessions/commands.ts";
import type { Node } from "./sessions/model.ts";
import { SessionsTree } from "./sessions/tree.ts";
import { StatusItems } from "./status/items.ts";
import { Overview } from "./status/overview.ts";
import { alertOnFailure } from "./support/alerts.ts";
import { registerAll } from "./support/commands.ts";
import { copyDebugInfo, runDoctor } from "./support/doctor.ts";
import { openWalkthrough, reached } from "./support/walkthrough.ts";

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
  const environment = join(context.globalStorageUri.fsPath, "server");
  const server = new Lifecycle(log, environment);
  const chat = new ChatPanel(context, server);
  const permissions = new Permissions(server, (chatId) => chat.shows(chatId));
  const contextView = new ContextView(context.extensionUri, server, () => chat.conversation.chatId);
  const sessions = new SessionsTree(server);
  const findings = new FindingsTree(server);
  const models = new MaestroModels(server);
  const overview = new Overview(server, new StatusItems(), sessions, chat);
  chat.usePermissions(permissions);

  const { version } = context.extension.packageJSON as { version: string };
  const commands = {
    ...sessionCommands(server, sessions),
    ...chatCommands(server, chat),
    ...contextCommands(server, () => chat.conversation.chatId),
    ...findingCommands(server, findings),
    signIn: async (node?: Node) => {
      if (await signIn(server, node?.kind === "provider" ? node.provider : undefined)) await sessions.refresh();
    },
    showPermissions: () => showPermissions(server),
    runDoctor: () => runDoctor(server, server.state),
    restartServer: () => server.restart(),
    showLogs: () => log.show(),
    copyDebugInfo: () => copyDebugInfo(server, server.state, version),
    createEnvironment: async () => {
      if (await install(environment, version, log)) await server.restart();
    },
    openSettings: () => vscode.commands.executeCommand("workbench.action.openSettings", "@ext:the-maestro.maestro"),
    openWalkthrough,
  };

  context.subscriptions.push(
    log, server, chat, permissions, contextView, sessions, findings, models, overview,
    ...registerAll(commands),
    vscode.window.registerWebviewViewProvider("maestro.chat", chat.screen),
    vscode.window.registerWebviewViewProvider("maestro.context", contextView),
    vscode.window.registerTreeDataProvider("maestro.sessions", sessions),
    vscode.window.createTreeView("maestro.findings", { treeDataProvider: findings, showCollapseAll: true }),
    registerParticipant(server),
    vscode.lm.registerLanguageModelChatProvider("maestro", models),
    chat.onDidChange(() => contextView.refresh()),
    refreshOnDiagnostics(findings),
    alertOnFailure(server, context.globalState),
    vscode.workspace.onDidGrantWorkspaceTrust(() => server.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("maestro.server")) void server.restart();
    }),
    server.on("maestro/session/didChange", () => models.refresh()),
    server.onDidChangeState((state) => {
      void vscode.commands.executeCommand("setContext", "maestro.state", state.kind);
      if (state.kind === "running") void begin({ sessions, findings, chat, contextView, models }, log);
      else if (state.kind !== "starting") [sessions, findings].forEach((each) => each.clear());
    }),
  );
  running = server;
  void server.start();
  return { server, chat, permissions };
}

/** The editor waits for the server's end. */
export function deactivate(): Promise<void> | undefined {
  return running?.stop();
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
  await reached("server");
  const work = [sessions.refresh(), findings.refresh(), chat.conversation.chatId ? chat.conversation.reload() : chat.reopen()];
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") log.warn(String(result.reason));
  contextView.refresh();
  models.refresh();
  // A participant's first request fails in an editor that has never asked for our models.
  await vscode.lm.selectChatModels({ vendor: "maestro" });
}

/** Findings change with their documents; the tree follows when it has been quiet for a moment. */
function refreshOnDiagnostics(findings: FindingsTree): vscode.Disposable {
  const quietMs = 300;
  let timer: NodeJS.Timeout | undefined;
  const listening = vscode.languages.onDidChangeDiagnostics(() => {
    clearTimeout(timer);
    timer = setTimeout(() => void findings.refresh().catch(() => undefined), quietMs);
  });
  return new vscode.Disposable(() => {
    clearTimeout(timer);
    listening.dispose();
  });
}
