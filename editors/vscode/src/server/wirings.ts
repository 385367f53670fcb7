// What listens to the server: to the one that runs, and to those that come after it.
import { Disposable } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

export type Wiring = (client: LanguageClient) => Disposable;

export class Wirings {
  private readonly all = new Map<Wiring, Disposable | undefined>();

  add(wiring: Wiring, client: LanguageClient | undefined): Disposable {
    this.all.set(wiring, client && wiring(client));
    return new Disposable(() => {
      this.all.get(wiring)?.dispose();
      this.all.delete(wiring);
    });
  }

  attach(client: LanguageClient): void {
    for (const wiring of this.all.keys()) this.all.set(wiring, wiring(client));
  }
}
