// What the editor loads: runs the suites with Mocha, and fails with their number of failures.
import Mocha from "mocha";

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: "bdd", timeout: 30_000, color: false });
  mocha.suite.emit("pre-require", globalThis, "", mocha);
  await import("./suites.ts");
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} tests failed`);
}
