// Makes the .vsix, and checks what is in it and how large it is.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const MOST_BYTES = 1_000_000;
const root = fileURLToPath(new URL("..", import.meta.url));
const vsce = `${root}node_modules/@vscode/vsce/vsce`;
const run = (...words) => execFileSync(process.execPath, [vsce, ...words], { cwd: root, encoding: "utf8" });

const listed = run("ls", "--no-dependencies").trim().split(/\s*\n/).filter((line) => !/^(INFO|WARNING)/.test(line)).sort();
const expected = readFileSync(new URL("files.txt", import.meta.url), "utf8").trim().split("\n");
const differing = [...listed.filter((f) => !expected.includes(f)), ...expected.filter((f) => !listed.includes(f))];
if (differing.length > 0) fail(`scripts/files.txt and the package differ in: ${differing.join(", ")}`);

mkdirSync(`${root}build`, { recursive: true });
run("package", "--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links", "--out", "build/maestro.vsix");
const { size } = statSync(`${root}build/maestro.vsix`);
if (size > MOST_BYTES) fail(`the package has ${size} bytes, more than ${MOST_BYTES}`);
console.log(`editors/vscode/build/maestro.vsix: ${listed.length} files, ${size} bytes`);

function fail(why) {
  console.error(why);
  process.exit(1);
}
