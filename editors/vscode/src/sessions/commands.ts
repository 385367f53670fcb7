// What can be done with sessions.
import * as vscode from "vscode";
import type { Session } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import type { Node } from "./model.ts";
import { folder, type SessionsTree } from "./tree.ts";

type Done = (node?: Node) => Promise<void>;

/** By the name of the command, without `maestro.`. */
export function sessionCommands(server: Server, tree: SessionsTree): Record<string, Done> {
  const withSession = (work: (session: Session) => Promise<unknown>): Done => async (node) => {
    const session = node?.kind === "session" ? node.session : await chooseSession(tree);
    if (!session) return;
    await work(session);
    await tree.refresh();
  };
  return {
    refreshSessions: () => tree.refresh(),
    setDefaultSession: withSession(({ id }) => server.request("maestro/session/setDefault", { sessionId: id })),
    bindSession: withSession(({ id }) => bind(server, id)),
    switchSession: withSession((session) => switchTo(server, session)),
    releaseSession: async () => {
      await bind(server, undefined);
      await tree.refresh();
    },
    renameSession: withSession((session) => rename(server, session)),
    signOut: withSession((session) => signOut(server, session)),
  };
}

async function chooseSession(tree: SessionsTree): Promise<Session | undefined> {
  await tree.refresh();
  const items = tree.sessions.map((session) => ({
    label: session.name,
    description: session.provider,
    ...(session.problem ? { detail: session.problem } : {}),
    session,
  }));
  const placeHolder = vscode.l10n.t("Which session?");
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.session;
}

async function bind(server: Server, sessionId: string | undefined): Promise<void> {
  const workspaceFolder = folder();
  if (workspaceFolder === undefined) return;
  await server.request("maestro/session/bind", { ...(sessionId === undefined ? {} : { sessionId }), workspaceFolder });
}

/** In a folder the session is bound to it, so that other windows keep theirs; else it becomes the default. */
async function switchTo(server: Server, { id }: Session): Promise<void> {
  if (folder() === undefined) await server.request("maestro/session/setDefault", { sessionId: id });
  else await bind(server, id);
}

async function rename(server: Server, session: Session): Promise<void> {
  const prompt = vscode.l10n.t("The new name of {0}", session.name);
  const name = await vscode.window.showInputBox({ prompt, value: session.name });
  if (name) await server.request("maestro/session/rename", { sessionId: session.id, name });
}

async function signOut(server: Server, session: Session): Promise<void> {
  const yes = vscode.l10n.t("Sign Out");
  const question = vscode.l10n.t("Forget the session {0} and its credential?", session.name);
  const chosen = await vscode.window.showWarningMessage(question, { modal: true }, yes);
  if (chosen === yes) await server.request("maestro/session/delete", { sessionId: session.id });
}
