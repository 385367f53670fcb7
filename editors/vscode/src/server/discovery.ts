// Where a server may be found, in the order in which it is looked for.
import { isAbsolute, join } from "node:path";

export interface Candidate {
  readonly origin: "setting" | "path" | "managed";
  readonly command: readonly [string, ...string[]];
}

export interface Surroundings {
  /** The setting `maestro.server.command`; empty where nothing is set. */
  readonly setting: readonly string[];
  /** The variable PATH. */
  readonly path: string;
  readonly windows: boolean;
  /** The folder of the environment that was made on request, if there is one. */
  readonly environment: string | undefined;
  readonly exists: (file: string) => boolean;
}

/** All there are. A program that was set is the only one: another one would be a surprise. */
export function candidates(at: Surroundings): Candidate[] {
  const [program, ...rest] = at.setting;
  if (program) return [{ origin: "setting", command: [program, ...rest] }];
  const managed = at.environment && programIn(join(at.environment, at.windows ? "Scripts" : "bin"), at.windows);
  return [
    ...onPath(at).map((file) => ({ origin: "path" as const, command: [file] as const })),
    ...(managed && at.exists(managed) ? [{ origin: "managed" as const, command: [managed] as const }] : []),
  ];
}

/** The programs of that name on PATH. Folders that depend on where one stands are passed over. */
function onPath(at: Surroundings): string[] {
  const folders = at.path.split(at.windows ? ";" : ":").filter((folder) => isAbsolute(folder));
  return [...new Set(folders.map((folder) => programIn(folder, at.windows)))].filter(at.exists);
}

function programIn(folder: string, windows: boolean): string {
  return join(folder, windows ? "maestro.exe" : "maestro");
}

/** The version in what `--version` printed; absent if that is another program of this name. */
export function version(printed: string): string | undefined {
  return /^maestro (\d+\.\d+\.\d+\S*)\s*$/.exec(printed)?.[1];
}
