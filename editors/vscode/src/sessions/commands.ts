// What can be done with sessions.
import * as vscode from "vscode";
import type { Session } from "../protocol.ts";
import type { Server } from "../rpc.ts";
import { Advised } from "../errors.ts";
import { askName } from "../login/ask-name.ts";
import { takenNames } from "../login/names.ts";
import { isOwn, type Node } from "./model.ts";
import { folders, type SessionsTree } from "./tree.ts";

type Done = (node?: Node) => Promise<void>;

/** By the name of the command, without `maestro.`. */
export function sessionCommands(server: Server, tree: SessionsTree): Record<string, Done> {
  const withAny = (isMeant: (session: Session) => boolean, work: (session: Session) => Promise<unknown>): Done => async (node) => {
    const session = node?.kind === "session" ? node.session : await chooseSession(tree, isMeant);
    if (!session) return;
    await work(session);
    await tree.refresh();
  };
  const withSession = (work: (session: Session) => Promise<unknown>): Done => withAny(() => true, work);
  const withOwn = (work: (session: Session) => Promise<unknown>): Done => withAny(isOwn, work);
  return {
    refreshSessions: () => tree.refresh(),
    setDefaultSession: withSession(({ id }) => server.request("maestro/session/setDefault", { sessionId: id })),
    bindSession: withSession(({ id }) => bind(server, id)),
    switchSession: withSession((session) => switchTo(server, session)),
    releaseSession: async () => {
      await bind(server, undefined);
      await tree.refresh();
    },
    renameSession: withOwn((session) => rename(server, session, tree.sessions)),
    signOut: withOwn((session) => signOut(server, session)),
  };
}

async function chooseSession(tree: SessionsTree, isMeant: (session: Session) => boolean): Promise<Session | undefined> {
  await tree.refresh();
  const sessions = tree.sessions.filter(isMeant);
  if (sessions.length === 0) throw noSession();
  const items = sessions.map((session) => ({
    label: session.name,
    description: session.provider,
    ...(session.problem ? { detail: session.problem } : {}),
    session,
  }));
  const placeHolder = vscode.l10n.t("Which session?");
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.session;
}

function noSession(): Advised {
  return new Advised(vscode.l10n.t("There is no such session."), vscode.l10n.t("Sign In"), "maestro.signIn");
}

async function bind(server: Server, sessionId: string | undefined): Promise<void> {
  if (folders().length === 0) {
    throw new Advised(vscode.l10n.t("A session is bound to folders, and none is open."), vscode.l10n.t("Open Folder"), "vscode.openFolder");
  }
  for (const workspaceFolder of folders()) {
    await server.request("maestro/session/bind", { ...(sessionId === undefined ? {} : { sessionId }), workspaceFolder });
  }
}

/** Where folders are open the session is bound to them, so that other windows keep theirs; else it becomes the default. */
async function switchTo(server: Server, { id }: Session): Promise<void> {
  if (folders().length === 0) await server.request("maestro/session/setDefault", { sessionId: id });
  else await bind(server, id);
}

async function rename(server: Server, { id, name: value, provider, authType }: Session, sessions: readonly Session[]): Promise<void> {
  const prompt = vscode.l10n.t("The new name of {0}", value);
  const taken = takenNames(sessions, provider, authType).filter((other) => other !== value);
  const name = await askName({ prompt, value, taken });
  if (name && name !== value) await server.request("maestro/session/rename", { sessionId: id, name });
}

async function signOut(server: Server, session: Session): Promise<void> {
  const yes = vscode.l10n.t("Sign Out");
  const question = vscode.l10n.t("Forget the session {0} and its credential?", session.name);
  const chosen = await vscode.window.showWarningMessage(question, { modal: true }, yes);
  if (chosen === yes) await server.request("maestro/session/delete", { sessionId: session.id });
}
