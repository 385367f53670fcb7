// Uses the extension as a person would, and keeps screenshots: node ui.mjs VSCODE REPOSITORY ARTEFACTS [STEP …]
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { installExtension, openPage, startEditor } from "./editor.mjs";
import { makeFolder, startModel, variables } from "./model.mjs";
import { browserLogin, deviceLogin, keyLogin, session, trusted, untrusted, walkthrough } from "./steps/begin.mjs";
import { applying, branching, chat, keyboard, longChat, reload, stopping, twoWindows } from "./steps/chat.mjs";
import { approval, intents, unseen } from "./steps/tools.mjs";
import { accessible, audit, context } from "./steps/views.mjs";
import { drafts, serverless, switching, writing } from "./steps/writing.mjs";
import { Workbench } from "./workbench.mjs";

const STEPS = [
  untrusted, trusted, session, keyLogin, browserLogin, deviceLogin, chat, keyboard, unseen, approval, switching,
  writing, drafts, serverless, applying, context, branching, intents, accessible, audit, twoWindows, stopping, reload, longChat, walkthrough,
];

const [root, repository, artefacts, ...chosen] = process.argv.slice(2);
const home = fs.mkdtempSync(path.join(os.tmpdir(), "maestro-home-"));
const folder = makeFolder();
const profile = path.join(home, "profile");
const extensionsDir = path.join(home, "extensions");
installExtension({ root, home, extensionsDir, vsix: path.join(repository, "editors/vscode/build/maestro.vsix") });
const model = await startModel(repository);
const env = variables(model, home);
execFileSync(path.join(repository, ".venv/bin/python"), ["-m", "tests.editors.vscode.long_chat"], {
  cwd: repository,
  env: { ...process.env, ...env },
});
const editor = await startEditor({
  root,
  extensionsDir,
  trust: true,
  machineSettings: { "maestro.server.command": [path.join(repository, ".venv/bin/maestro")] },
  userSettings: { "workbench.colorTheme": "Default Dark Modern" },
  env,
});
let workbench;
const refused = [];
let opened;
try {
  await openWorkbench();
  for (const step of STEPS.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
    await step({ workbench, editor, folder, model });
    console.log(`  ✔ ${step.name}`);
  }
  assert.deepEqual(refused, [], "the pages ask for nothing that their policy forbids");
} catch (error) {
  await workbench?.shot("failed").catch(() => undefined);
  console.error(error);
  process.exitCode = 1;
} finally {
  await opened?.close();
  await editor.stop();
  model.stop();
  fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  fs.rmSync(path.dirname(folder), { recursive: true, force: true });
}

async function openWorkbench() {
  opened = await openPage({ port: editor.port, folder, profile });
  opened.page.on("console", (message) => refused.push(...refusals(message)));
  workbench = new Workbench(opened.page, artefacts);
}

/** What the policy of a webview refused, and what went wrong in its script; the workbench's own troubles are not ours. */
function refusals(message) {
  const ours = message.type() === "error" && !message.location().url.includes("/static/");
  return ours ? [`${message.location().url}: ${message.text()}`] : [];
}
