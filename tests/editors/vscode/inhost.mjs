// Runs the tests inside the extension host: node inhost.mjs VSCODE REPOSITORY ARTEFACTS
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { runInside, startEditor } from "./editor.mjs";
import { makeFolder, startModel, variables } from "./model.mjs";

const [root, repository, artefacts] = process.argv.slice(2);
const home = fs.mkdtempSync(path.join(os.tmpdir(), "maestro-home-"));
const folder = makeFolder();
const model = await startModel(repository);
const env = variables(model, home);
const editor = await startEditor({
  root,
  smoke: true,
  machineSettings: { "maestro.server.command": [path.join(repository, ".venv/bin/maestro")] },
  env,
});
try {
  const { code, lines } = await runInside({
    port: editor.port,
    folder,
    extension: path.join(repository, "editors/vscode"),
    tests: path.join(repository, "editors/vscode/build/inhost.cjs"),
    env,
    screenshot: path.join(artefacts, "inhost.png"),
  });
  console.log(lines.filter((line) => code !== 0 || /^ {2,}/.test(line)).join("\n"));
  console.log(`in the extension host: exit ${code}`);
  process.exitCode = code === 0 ? 0 : 1;
} finally {
  await editor.stop();
  model.stop();
  fs.rmSync(home, { recursive: true, force: true });
  fs.rmSync(path.dirname(folder), { recursive: true, force: true });
}
