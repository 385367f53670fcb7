// What the server is told of the editor's settings: what somebody set, and nothing else.
import type { JsonObject, JsonValue } from "../protocol.ts";

export interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

/** Settings that are the extension's alone. */
const OWN = /^maestro\.(server|trace)\./;

/**
 * The values that were set, nested by their names. Defaults are left out, since they would hide `config.toml`; so is
 * what a folder says of `restricted` settings, where it is not trusted.
 */
export function told(
  names: readonly string[],
  inspect: (name: string) => Inspected | undefined,
  restricted: ReadonlySet<string>,
  trusted: boolean,
): JsonObject {
  const section: JsonObject = {};
  for (const name of names.filter((each) => !OWN.test(each))) {
    const set = inspect(name);
    const believed = trusted || !restricted.has(name);
    const value = [set?.globalValue, ...(believed ? [set?.workspaceValue, set?.workspaceFolderValue] : [])].reduce(over);
    if (value !== undefined) put(section, name.split(".").slice(1), value as JsonValue);
  }
  return section;
}

/** The nearer value; what names things of one's own, as aliases do, adds to those that are further away. */
function over(far: unknown, near: unknown): unknown {
  if (near === undefined) return far;
  return isObject(far) && isObject(near) ? { ...far, ...near } : near;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function put(into: JsonObject, path: readonly string[], value: JsonValue): void {
  const [word = "", ...rest] = path;
  if (rest.length === 0) into[word] = value;
  else put((into[word] ??= {}) as JsonObject, rest, value);
}
