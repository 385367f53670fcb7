// The names that sessions may have, told while one types; the server has the last word.
import type { AuthType, Session } from "../protocol.ts";

export type NameProblem = "empty" | "long" | "signs" | "taken";

const MOST = 100;
const SIGNS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0:/]/u;
const ENVIRONMENT = "env";

/** What is wrong with a name; blanks around it do not count. */
export function nameProblem(name: string, taken: readonly string[]): NameProblem | undefined {
  const trimmed = name.trim();
  if (!trimmed) return "empty";
  if ([...trimmed].length > MOST) return "long";
  if (SIGNS.test(trimmed)) return "signs";
  return trimmed === ENVIRONMENT || taken.includes(trimmed) ? "taken" : undefined;
}

/** The names of this provider's sessions of one kind, which are unique. */
export function takenNames(sessions: readonly Session[], provider: string, authType: AuthType): string[] {
  return sessions.filter((session) => session.provider === provider && session.authType === authType).map(({ name }) => name);
}

/** The name to offer: `default`, or the first of `default 2`, `default 3` … that is free. */
export function freeName(taken: readonly string[], first = "default"): string {
  let name = first;
  for (let count = 2; taken.includes(name); count += 1) name = `${first} ${count}`;
  return name;
}
