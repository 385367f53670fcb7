// What axe-core finds wrong in a webview, as one line for each element.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../editors/vscode/package.json", import.meta.url));
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The frame's violations; its body is given the colour that the editor shows behind it. */
export async function violations(frame) {
  await frame.evaluate(AXE);
  return frame.evaluate(async (values) => {
    document.body.style.backgroundColor = "var(--vscode-sideBar-background)";
    const { violations: found } = await globalThis.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] });
    document.body.style.backgroundColor = "";
    return found.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary.replace(/\s+/g, " ")}`));
  }, TAGS);
}
