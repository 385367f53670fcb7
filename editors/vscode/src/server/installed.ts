// Where managed environments lie. Each is made in a folder of its own beside the one in use, which is named by a file.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const NAME = "current";

/** The folder of the environment in use; absent where none was made. */
export function current(environments: string): string | undefined {
  try {
    return join(environments, readFileSync(join(environments, NAME), "utf8"));
  } catch {
    return undefined;
  }
}

/** A folder for another one, which does not exist yet; later ones have later names. */
export function another(environments: string, now: number): string {
  return join(environments, now.toString(36));
}

/** Use this one. The one before stays, since a server may still run from it; those before that go. */
export function adopt(environments: string, folder: string): void {
  const before = current(environments);
  const name = basename(folder);
  mkdirSync(environments, { recursive: true });
  writeFileSync(join(environments, `${name}.name`), name);
  renameSync(join(environments, `${name}.name`), join(environments, NAME));
  if (!before) return;
  for (const old of readdirSync(environments).filter((each) => each !== NAME && each < basename(before))) {
    rmSync(join(environments, old), { recursive: true, force: true });
  }
}
