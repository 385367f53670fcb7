// The program that was set, as people write it.
import { isAbsolute, join } from "node:path";

/** The program and its arguments, empty where nothing is set; absent where what is set is none. */
export function chosen(setting: unknown, home: string): string[] | undefined {
  if (setting === undefined || setting === null || setting === "") return [];
  const words: unknown[] = Array.isArray(setting) ? setting : [setting];
  if (!words.every(isWord)) return undefined;
  const [program, ...rest] = words;
  if (program === undefined) return [];
  return program.trim() ? [placed(program.trim(), home), ...rest] : undefined;
}

function isWord(word: unknown): word is string {
  return typeof word === "string" && !word.includes("\0");
}

/** A name alone is looked for on PATH; what is a path but not a whole one begins at home, where the server is started. */
function placed(program: string, home: string): string {
  if (/^~[/\\]/.test(program)) return join(home, program.slice(2));
  return isAbsolute(program) || !/[/\\]/.test(program) ? program : join(home, program);
}
