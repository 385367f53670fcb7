// The first steps: trust, sessions and logins, and the walkthrough.

export async function untrusted({ workbench }) {
  const { page } = workbench;
  await page.locator(".monaco-dialog-box").getByRole("button", { name: /No, I don/ }).click();
  await workbench.openMaestro();
  await page.getByText("This folder is not trusted, so nothing in it is audited").waitFor();
  const view = await workbench.frame("#turns");
  await view.locator("#advice", { hasText: "no tool runs" }).getByRole("button", { name: "Manage Trust" }).waitFor();
  await workbench.shot("01-untrusted");
  await workbench.openFile("sample.py");
  await workbench.command("Maestro: Audit File");
  const told = page.locator(".notification-toast", { hasText: /trust/i }).first();
  await told.waitFor();
  console.log(`    an audit is refused: ${await told.locator(".notification-list-item-message").innerText()}`);
}

export async function trusted({ workbench }) {
  const { page } = workbench;
  await workbench.command("Workspaces: Manage Workspace Trust");
  await page.locator(".workspace-trust-editor").getByRole("button", { name: "Trust", exact: true }).first().click();
  await page.locator(".welcome-view-content", { hasText: "This folder is not trusted" }).waitFor({ state: "detached" });
  await workbench.command("View: Close All Editors");
  await workbench.openMaestro();
}

export async function session({ workbench }) {
  const { page } = workbench;
  await page.getByRole("treeitem", { name: /^env, key/ }).waitFor();
  await workbench.command("Maestro: Switch Session");
  await workbench.pick("env");
  await page.getByRole("treeitem", { name: /^env, .*this workspace/ }).waitFor();
  await workbench.shot("02-session");
}

export async function keyLogin({ workbench }) {
  const { page } = workbench;
  await workbench.command("Maestro: Sign In");
  await workbench.choose("openai", "OpenAI");
  await workbench.pick("API key");
  await workbench.type("work");
  const password = page.locator(".quick-input-widget input[type=password]");
  await password.waitFor();
  await password.fill("sk-simulated-key-0003");
  await workbench.shot("03-key");
  await page.keyboard.press("Enter");
  await page.getByRole("treeitem", { name: /^work, key/ }).waitFor();
}

export async function browserLogin({ workbench }) {
  const { page } = workbench;
  let agree;
  const agreed = new Promise((resolve) => (agree = resolve));
  await page.context().route("**/oauth/authorize**", (route) => agreed.then(() => route.continue()));
  await workbench.command("Maestro: Sign In");
  await workbench.choose("openai", "OpenAI");
  await workbench.pick("In the browser");
  const opening = page.context().waitForEvent("page");
  await workbench.type("private");
  await page.locator(".quick-input-title", { hasText: "Sign in in the browser" }).waitFor();
  await workbench.shot("04-browser");
  agree();
  await page.getByRole("treeitem", { name: /^private, signed in/ }).waitFor();
  await page.locator(".quick-input-title", { hasText: "Sign in in the browser" }).waitFor({ state: "hidden" });
  await (await opening).close();
}

export async function deviceLogin({ workbench, model }) {
  const { page } = workbench;
  await workbench.command("Maestro: Sign In");
  await workbench.choose("openai", "OpenAI");
  await workbench.pick("With a code on any device");
  await workbench.type("tablet");
  await page.locator(".notification-toast", { hasText: /Type in \w{4}-\w{4} at/ }).waitFor();
  await workbench.shot("05-device");
  await fetch(model.requests, { method: "POST" });
  await page.getByRole("treeitem", { name: /^tablet, signed in/ }).waitFor();
  await page.locator(".notification-toast", { hasText: /Type in/ }).waitFor({ state: "detached" });
}

export async function walkthrough({ workbench }) {
  await workbench.command("Welcome: Open Walkthrough...");
  await workbench.page.locator(".quick-input-widget").getByText("Get Started with Maestro").first().click();
  await ticked(workbench);
  await workbench.shot("16-walkthrough");
  await workbench.command("View: Close All Editors");
  await workbench.command("Maestro: Get Started");
  await ticked(workbench);
  await workbench.command("View: Close All Editors");
}

/** The steps that were done are. */
async function ticked({ page }) {
  await page.getByText("Ask something", { exact: true }).first().waitFor();
  await page.locator(".codicon-getting-started-step-checked").nth(1).waitFor();
}
