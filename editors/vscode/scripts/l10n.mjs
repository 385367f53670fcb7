// Writes l10n/bundle.l10n.json, what there is to translate in the code; with --check only says whether it is up to date.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const source = new URL("../src/", import.meta.url);
const target = new URL("../l10n/bundle.l10n.json", import.meta.url);
const CALL = /\bt\(\s*"((?:[^"\\]|\\.)*)"/g;

const texts = readdirSync(source, { recursive: true })
  .filter((name) => name.endsWith(".ts"))
  .flatMap((name) => [...readFileSync(new URL(name, source), "utf8").matchAll(CALL)])
  .map((match) => JSON.parse(`"${match[1]}"`));
const bundle = `${JSON.stringify(Object.fromEntries([...new Set(texts)].sort().map((text) => [text, text])), null, 2)}\n`;

if (!process.argv.includes("--check")) {
  mkdirSync(new URL(".", target), { recursive: true });
  writeFileSync(target, bundle);
} else if (readFileSync(target, "utf8") !== bundle) {
  console.error("editors/vscode/l10n/bundle.l10n.json is out of date; run: node editors/vscode/scripts/l10n.mjs");
  process.exit(1);
}
