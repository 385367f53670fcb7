// Bundles the extension and its webviews into dist/, and with --tests what runs inside an editor into build/.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  sourcemap: false,
  target: "es2023",
  legalComments: "none",
  logLevel: "warning",
  nodePaths: [`${root}node_modules`],
};
const host = { ...common, platform: "node", format: "cjs", mainFields: ["module", "main"], external: ["vscode"] };

await build({ ...host, entryPoints: ["src/extension.ts"], outfile: "dist/extension.cjs" });
await build({
  ...common,
  platform: "browser",
  format: "iife",
  entryPoints: ["webview/chat.ts", "webview/context.ts", "webview/chat.css", "webview/context.css"],
  outdir: "dist/webview",
});

if (process.argv.includes("--tests")) {
  await build({
    ...host,
    minify: false,
    external: ["vscode", "mocha"],
    entryPoints: ["../../tests/editors/vscode/inhost/index.ts"],
    outfile: "build/inhost.cjs",
  });
}
