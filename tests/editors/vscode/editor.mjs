// A real VS Code, served to a browser: starts one on the loopback, opens pages on it, and ends both.
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import util from "node:util";

const { chromium } = createRequire(new URL("../../../editors/vscode/package.json", import.meta.url))("playwright-core");

const SETTINGS = {
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "update.mode": "none",
  "git.openRepositoryInParentFolders": "never",
  "security.workspace.trust.startupPrompt": "always",
};
/** Variables of the surrounding that would change where the server listens or what it is. */
const FOREIGN = /^(PORT|PASSWORD|HASHED_PASSWORD|CODE_SERVER_CONFIG|VSCODE_.*)$/;
const CHROMIUM = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking"];

/** A server; `trust` asks for trust as a person would be asked, `smoke` is for tests inside the extension host. */
export async function startEditor({ root, extensionsDir, machineSettings = {}, userSettings = {}, trust = false, smoke = false, env = {} }) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "maestro-vscode-"));
  const data = path.join(home, "data");
  const extensions = extensionsDir ?? path.join(home, "extensions");
  writeJson(path.join(data, "User/settings.json"), { ...SETTINGS, "security.workspace.trust.enabled": trust, ...userSettings });
  writeJson(path.join(data, "Machine/settings.json"), machineSettings);
  fs.mkdirSync(extensions, { recursive: true });
  const port = await freePort();
  const log = fs.openSync(path.join(home, "server.log"), "w");
  const [program, ...flags] = smoke ? bareServer(port) : wholeServer(port, home);
  const places = ["--user-data-dir", data, "--extensions-dir", extensions];
  const child = spawn(path.join(root, "node/bin/node"), [path.join(root, "cs/node_modules/code-server", program), ...flags, ...places], {
    stdio: ["ignore", log, log],
    detached: true,
    env: environment(home, env),
  });
  await listening(port, child, path.join(home, "server.log"));
  return { port, home, data, stop: () => stop(child, home) };
}

/** Install a package of an extension, as a person would from a file. */
export function installExtension({ root, home, extensionsDir, vsix }) {
  const program = path.join(root, "cs/node_modules/code-server/out/node/entry.js");
  const places = ["--config", path.join(home, "c.yaml"), "--user-data-dir", path.join(home, "u"), "--extensions-dir", extensionsDir];
  const env = { ...process.env, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
  execFileSync(path.join(root, "node/bin/node"), [program, ...places, "--install-extension", vsix], { env, stdio: "pipe" });
}

/** A page on a folder; `profile` keeps what the browser remembers from page to page. */
export async function openPage({ port, folder, payload, profile, prepare }) {
  const data = profile ?? fs.mkdtempSync(path.join(os.tmpdir(), "maestro-chromium-"));
  const context = await chromium.launchPersistentContext(data, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    viewport: { width: 1500, height: 950 },
    env: { ...process.env, HOME: data },
    args: ["--headless=new", ...CHROMIUM],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  await prepare?.(page);
  const query = payload ? `&payload=${encodeURIComponent(JSON.stringify(payload))}` : "";
  await page.goto(`http://127.0.0.1:${port}/?folder=${encodeURI(folder)}${query}`);
  const close = async () => {
    await context.close();
    if (!profile) fs.rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  return { page, close };
}

/** Run a test bundle in the extension host; the exit code, and what it printed. */
export async function runInside({ port, folder, extension, tests, env, deadlineMs = 400_000, screenshot }) {
  const remote = (file) => `vscode-remote://127.0.0.1:${port}${file}`;
  const payload = [
    ["extensionDevelopmentPath", remote(extension)],
    ["extensionTestsPath", remote(tests)],
    ["skipWelcome", "true"],
    ["extensionEnvironment", JSON.stringify(env)],
  ];
  const lines = [];
  let ended;
  const end = new Promise((resolve) => (ended = resolve));
  const prepare = async (page) => {
    await page.exposeFunction("codeAutomationLog", (_type, words) => lines.push(util.format(...words)));
    await page.exposeFunction("codeAutomationExit", (code) => ended(code));
  };
  const { page, close } = await openPage({ port, folder, payload, prepare });
  const timer = setTimeout(() => ended("timeout"), deadlineMs);
  const code = await end;
  clearTimeout(timer);
  if (screenshot) await page.screenshot({ path: screenshot }).catch(() => undefined);
  await close();
  return { code, lines };
}

/** As people use it. */
function wholeServer(port, home) {
  const flags = ["--auth", "none", "--disable-telemetry", "--disable-update-check", "--config", path.join(home, "config.yaml")];
  return ["out/node/entry.js", "--bind-addr", `127.0.0.1:${port}`, ...flags];
}

/** Without the program around it, which old versions cannot start here: enough for tests inside the extension host. */
function bareServer(port) {
  const flags = ["--without-connection-token", "--accept-server-license-terms", "--telemetry-level", "off"];
  return ["lib/vscode/out/server-main.js", "--host", "127.0.0.1", "--port", String(port), ...flags, "--enable-smoke-test-driver"];
}

function environment(home, given) {
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  const places = { XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, XDG_RUNTIME_DIR: home };
  return { ...Object.fromEntries(own), EXTENSIONS_GALLERY: '{"serviceUrl":""}', ...places, ...given };
}

function writeJson(file, value) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(value));
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function listening(port, child, log) {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  process.kill(-child.pid, "SIGKILL");
  throw new Error(`the editor's server did not start:\n${fs.readFileSync(log, "utf8")}`);
}

async function stop(child, home) {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  try {
    process.kill(-child.pid, "SIGTERM");
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 5000).unref())]);
  } finally {
    fs.rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
