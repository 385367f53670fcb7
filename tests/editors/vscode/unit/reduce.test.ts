// The cases that every client shares.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { reduce } from "../../../../editors/vscode/src/chat/reduce.ts";
import type { View } from "../../../../editors/vscode/src/chat/view.ts";
import type { ChatEvent } from "../../../../editors/vscode/src/protocol.ts";

interface Case {
  readonly name: string;
  readonly state: View;
  readonly event: ChatEvent;
  readonly expected: View;
}

const FOLDER = new URL("../../../fixtures/reducers/chat/", import.meta.url);

for (const file of readdirSync(FOLDER)) {
  describe(file, () => {
    for (const { name, state, event, expected } of JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Case[]) {
      it(name, () => {
        const before = structuredClone(state);
        assert.deepStrictEqual(reduce(state, event), expected);
        assert.deepStrictEqual(state, before);
      });
    }
  });
}
