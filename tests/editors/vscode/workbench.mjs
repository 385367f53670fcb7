// What a person does in the workbench: commands, files, choices, and looking at it.
import path from "node:path";

const DEADLINE_MS = 30_000;

export class Workbench {
  constructor(page, artefacts) {
    this.page = page;
    this.artefacts = artefacts;
    page.setDefaultTimeout(DEADLINE_MS);
  }

  /** Run a command of the palette by its whole title. */
  async command(title) {
    await this.summon("F1", "command to run");
    await this.choose(`>${title}`, title);
  }

  async openFile(name) {
    await this.summon("Control+P", "Search files");
    await this.choose(name, name);
  }

  /** Choose what an open list offers. */
  async pick(label) {
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: label }).first().click();
  }

  /** Answer an open field. */
  async type(text) {
    const input = this.page.locator(".quick-input-widget input[type=text]").first();
    await input.waitFor();
    await input.fill(text);
    await this.page.keyboard.press("Enter");
  }

  async openMaestro() {
    if (await this.page.locator(".pane-header", { hasText: "Sessions" }).isVisible()) return;
    await this.page.locator('.activitybar .action-item a[aria-label^="Maestro"]').first().click();
    await this.page.locator(".pane-header", { hasText: "Sessions" }).waitFor();
  }

  /** The frame of the webview that has this element. */
  async frame(selector) {
    const deadline = Date.now() + DEADLINE_MS;
    while (Date.now() < deadline) {
      for (const frame of this.page.frames()) {
        const found = await frame.locator(selector).count().catch(() => 0);
        if (found > 0) return frame;
      }
      await this.page.waitForTimeout(100);
    }
    throw new Error(`no webview has ${selector}`);
  }

  async shot(name) {
    await this.page.screenshot({ path: path.join(this.artefacts, `${name}.png`) });
  }

  /** Press a key until the list it opens is there: a page that is still loading does not pass keys on. */
  async summon(key, label) {
    const input = this.page.locator(`.quick-input-widget input[type=text][aria-label*="${label}"]`).first();
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await this.page.keyboard.press(key);
      if (await input.waitFor({ timeout: 3000 }).then(() => true, () => false)) return;
    }
  }

  async choose(typed, label) {
    const input = this.page.locator(".quick-input-widget input[type=text]").first();
    await input.waitFor();
    await input.fill(typed);
    const name = this.page.locator(".label-name", { hasText: new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`) });
    await this.page.locator(".quick-input-list .monaco-list-row", { has: name }).first().click();
  }
}
