// Writes package-lock.json anew: exact versions and their hashes, without addresses to download from.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
execFileSync("npm", ["install", "--package-lock-only", "--omit-lockfile-registry-resolved", "--ignore-scripts"], {
  cwd: new URL("..", import.meta.url),
  stdio: "inherit",
});
const lock = JSON.parse(readFileSync(file, "utf8"));
for (const entry of Object.values(lock.packages)) {
  delete entry.resolved;
  delete entry.funding;
}
writeFileSync(file, JSON.stringify(lock, null, 2) + "\n");
