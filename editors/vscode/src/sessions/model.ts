// The tree of sessions as plain values: providers, and the named sessions under each.
import type { Provider, Session } from "../protocol.ts";

export interface ProviderNode {
  readonly kind: "provider";
  readonly provider: Provider;
  readonly sessions: readonly SessionNode[];
}

export interface SessionNode {
  readonly kind: "session";
  readonly session: Session;
  /** Used in this workspace, before the default. */
  readonly bound: boolean;
}

export type Node = ProviderNode | SessionNode;

/** Providers that have sessions; those one could sign in to are offered by the command. */
export function tree(providers: readonly Provider[], sessions: readonly Session[], folders: readonly string[] = []): ProviderNode[] {
  return providers
    .map((provider) => ({
      kind: "provider" as const,
      provider,
      sessions: sessions
        .filter((session) => session.provider === provider.id)
        .map((session) => ({ kind: "session" as const, session, bound: isBound(session, folders) })),
    }))
    .filter((node) => node.sessions.length > 0);
}

function isBound(session: Session, folders: readonly string[]): boolean {
  return folders.some((folder) => session.boundTo.includes(folder));
}

/** Whether it can be renamed and forgotten; that of the environment or of another tool is only read. */
export function isOwn(session: Session): boolean {
  return session.source === "vault" || session.source === "memory";
}

/** The session that is used here where nothing else is said, as the server chooses it. */
export function current(
  sessions: readonly Session[],
  provider: string | undefined,
  folders: readonly string[] = [],
): Session | undefined {
  const bound = sessions.find((session) => isBound(session, folders));
  if (bound) return bound;
  const own = sessions.filter((session) => session.provider === provider);
  const stored = own.filter((session) => session.source === "vault");
  return own.find((session) => session.isDefault) ?? (stored.length === 1 ? stored[0] : undefined);
}

/** What menus go by: whose it is, whether it is the default, whether it is bound here. */
export function contextValue({ session, bound }: SessionNode): string {
  return ["session", isOwn(session) ? "own" : "foreign", session.isDefault ? "default" : "other", bound ? "bound" : "free"].join(".");
}
