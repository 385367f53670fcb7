// The managed environment: where it is, and the commands that make it. Pure; `install.ts` runs them.
import { join } from "node:path";

export interface Tools {
  readonly uv?: string;
  readonly python?: string;
}

/** The distribution with what is useful without any configuration, of a version this extension knows. */
export function requirement(extensionVersion: string): string {
  const [major = "0", minor = "0"] = extensionVersion.split(".");
  return `the-maestro[mcp,offline,prices]~=${major}.${minor}.0`;
}

/** The commands one after the other; absent where neither tool is there. */
export function steps(tools: Tools, folder: string, wanted: string, windows: boolean): string[][] | undefined {
  const python = join(folder, windows ? "Scripts" : "bin", windows ? "python.exe" : "python");
  if (tools.uv) {
    return [
      [tools.uv, "venv", "--python", ">=3.11", folder],
      [tools.uv, "pip", "install", "--python", python, wanted],
    ];
  }
  if (!tools.python) return undefined;
  return [
    [tools.python, "-m", "venv", folder],
    [python, "-m", "pip", "install", "--disable-pip-version-check", wanted],
  ];
}
