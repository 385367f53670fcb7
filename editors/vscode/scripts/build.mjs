// Bundles the extension, its webviews and the licenses of what is in them into dist/, and with --tests what runs inside an editor into build/.
import { build } from "esbuild";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  sourcemap: false,
  target: "es2023",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  nodePaths: [`${root}node_modules`],
};
const host = { ...common, platform: "node", format: "cjs", mainFields: ["module", "main"], external: ["vscode"] };

const extension = await build({ ...host, entryPoints: ["src/extension.ts"], outfile: "dist/extension.cjs" });
const pages = await build({
  ...common,
  platform: "browser",
  format: "iife",
  entryPoints: ["webview/chat.ts", "webview/context.ts", "webview/chat.css", "webview/context.css"],
  outdir: "dist/webview",
});
writeFileSync(`${root}dist/licenses.txt`, licenses([extension, pages]));

if (process.argv.includes("--tests")) {
  await build({
    ...host,
    minify: false,
    external: ["vscode", "mocha"],
    entryPoints: ["../../tests/editors/vscode/inhost/index.ts"],
    outfile: "build/inhost.cjs",
  });
}

/** The licenses of all packages that were bundled. */
function licenses(results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = inputs.map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0]).filter(Boolean);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(new URL(`../${folder}/package.json`, import.meta.url), "utf8"));
    const files = readdirSync(new URL(`../${folder}`, import.meta.url)).filter((file) => /^licen[cs]e/i.test(file));
    if (files.length === 0) throw new Error(`${name} has no license that could be packaged`);
    const words = files.map((file) => readFileSync(new URL(`../${folder}/${file}`, import.meta.url), "utf8").trim());
    return [`${name} ${version}`, ...words].join("\n\n");
  });
  return `${texts.join("\n\n---\n\n")}\n`;
}
