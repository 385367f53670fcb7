// Begins without a server, installs one from this repository's wheel as a person would, and audits with it:
// node install.mjs VSCODE REPOSITORY ARTEFACTS
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { installExtension, openPage, startEditor } from "./editor.mjs";
import { makeFolder } from "./model.mjs";
import { Workbench } from "./workbench.mjs";

const [root, repository, artefacts] = process.argv.slice(2);
const home = fs.mkdtempSync(path.join(os.tmpdir(), "maestro-home-"));
const wheels = path.join(home, "wheels");
const folder = makeFolder();
const extensionsDir = path.join(home, "extensions");
const pip = ["-m", "pip", "--quiet", "--disable-pip-version-check", "wheel", "--no-deps", "--wheel-dir", wheels, repository];
execFileSync(path.join(repository, ".venv/bin/python"), pip, { stdio: "inherit" });
installExtension({ root, home, extensionsDir, vsix: path.join(repository, "editors/vscode/build/maestro.vsix") });
const editor = await startEditor({
  root,
  extensionsDir,
  userSettings: { "workbench.colorTheme": "Default Dark Modern" },
  env: {
    MAESTRO_HOME: path.join(home, "maestro"),
    PYTHON_KEYRING_BACKEND: "keyring.backends.fail.Keyring",
    MAESTRO_DEFAULTS__PROVIDER: "offline",
    PIP_FIND_LINKS: wheels,
    UV_FIND_LINKS: wheels,
  },
});
const { page, close } = await openPage({ port: editor.port, folder });
const workbench = new Workbench(page, artefacts);
try {
  await workbench.openMaestro();
  await page.getByText("Maestro's server is not installed here.").first().waitFor();
  await workbench.shot("20-no-server");
  await page.locator(".welcome-view-content").getByRole("button", { name: "Install Server" }).click();
  page.setDefaultTimeout(240_000);
  await page.getByText("You are not signed in.").waitFor();
  await workbench.shot("21-installed");
  await workbench.openFile("sample.py");
  await workbench.command("Maestro: Audit File");
  await page.locator(".squiggly-warning, .squiggly-error, .squiggly-info").first().waitFor();
  await workbench.shot("22-offline-audit");
  console.log("  ✔ a server is installed on request, from the wheel, and audits");
} catch (error) {
  await workbench.shot("install-failed").catch(() => undefined);
  console.error(error);
  process.exitCode = 1;
} finally {
  await close();
  await editor.stop();
  fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  fs.rmSync(path.dirname(folder), { recursive: true, force: true });
}
