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
  /** Used in this workspace folder, before the default. */
  readonly bound: boolean;
}

export type Node = ProviderNode | SessionNode;

/** Providers that have sessions; those one could sign in to are offered by the command. */
export function tree(providers: readonly Provider[], sessions: readonly Session[], folder?: string): ProviderNode[] {
  return providers
    .map((provider) => ({
      kind: "provider" as const,
      provider,
      sessions: sessions
        .filter((session) => session.provider === provider.id)
        .map((session) => ({ kind: "session" as const, session, bound: isBound(session, folder) })),
    }))
    .filter((node) => node.sessions.length > 0);
}

function isBound(session: Session, folder: string | undefined): boolean {
  return folder !== undefined && session.boundTo.includes(folder);
}

/** The session that is used here where nothing else is said, as the server chooses it. */
export function current(sessions: readonly Session[], provider: string | undefined, folder?: string): Session | undefined {
  const bound = sessions.find((session) => isBound(session, folder));
  if (bound) return bound;
  const own = sessions.filter((session) => session.provider === provider);
  const stored = own.filter((session) => session.source === "vault");
  return own.find((session) => session.isDefault) ?? (stored.length === 1 ? stored[0] : undefined);
}

/** What menus go by: whose it is, whether it is the default, whether it is bound here. */
export function contextValue({ session, bound }: SessionNode): string {
  const own = session.source === "vault" || session.source === "memory" ? "own" : "foreign";
  return ["session", own, session.isDefault ? "default" : "other", bound ? "bound" : "free"].join(".");
}
