// Starts the simulated model, and makes the folder and the variables a test runs with.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const SAMPLE = `def load(path):
    try:
        return open(path).read()
    except:
        return None
`;

/** The model: variables for whoever asks it, the address of its requests, and how to end it. */
export async function startModel(repository) {
  const child = spawn(path.join(repository, ".venv/bin/python"), ["-m", "tests.editors.vscode.model"], {
    cwd: repository,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const line = await new Promise((resolve, reject) => {
    createInterface(child.stdout).once("line", resolve);
    child.once("exit", () => reject(new Error("the simulated model did not start")));
  });
  return { ...JSON.parse(line), stop: () => child.stdin.end() };
}

/** A folder under git with a file to audit and one to change. */
export function makeFolder() {
  const folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "maestro-work-")), "work");
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, "sample.py"), SAMPLE);
  fs.writeFileSync(path.join(folder, "second.py"), SAMPLE.replace("load", "read"));
  fs.writeFileSync(path.join(folder, "notes.md"), "# Notes\n\nBuy milk.\n");
  for (const words of [["init", "-q"], ["add", "."], ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", "Begin"]]) {
    spawnSync("git", words, { cwd: folder });
  }
  return folder;
}

/** What the server runs with: nothing of this machine's, no keyring, the simulated model. */
export function variables(model, home) {
  return {
    ...model.environment,
    MAESTRO_HOME: path.join(home, "maestro"),
    PYTHON_KEYRING_BACKEND: "keyring.backends.fail.Keyring",
    MAESTRO_MODELS__PROBE_LOCAL_SERVERS: "false",
    TESTS_REQUESTS: model.requests,
  };
}
