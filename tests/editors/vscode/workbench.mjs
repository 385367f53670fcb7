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
    await this.summon("F1", "command to run", `>${title}`, title);
  }

  async openFile(name) {
    await this.summon("Control+P", "Search files", name, name);
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

  /** Begin a chat; its page. */
  async newChat() {
    await this.command("Maestro: New Chat");
    const view = await this.frame("#turns");
    await view.locator("#title", { hasText: "New chat" }).waitFor();
    return view;
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

  /**
   * Press a key and choose in the list it opens, again until that was possible: a page that is still loading does not
   * pass keys on, and the editor closes a list when something else takes the focus.
   */
  async summon(key, field, typed, label) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.page.keyboard.press(key);
        return await this.choose(typed, label, { field: `[aria-label*="${field}"]`, timeout: 4000 });
      } catch (error) {
        if (attempt === 8) throw error;
      }
    }
  }

  /** Type into an open list, and choose what it has by exactly this name. */
  async choose(typed, label, { field = "", timeout = DEADLINE_MS } = {}) {
    const input = this.page.locator(`.quick-input-widget input[type=text]${field}`).first();
    await input.fill(typed, { timeout });
    const name = this.page.locator(".label-name", { hasText: new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`) });
    await this.page.locator(".quick-input-list .monaco-list-row", { has: name }).first().click({ timeout });
  }
}

/** Say something in the chat. */
export async function say(view, text) {
  await view.locator("#input").fill(text);
  await view.locator("#input").press("Enter");
}
