// A chat's log, page by page, comes to the same view as the whole.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load, prepend } from "../../../../editors/vscode/src/chat/history.ts";
import { reduce } from "../../../../editors/vscode/src/chat/reduce.ts";
import { EMPTY } from "../../../../editors/vscode/src/chat/view.ts";
import { turnsOf } from "../../../../editors/vscode/src/chat/said.ts";
import type { ChatEvent, Message, Usage } from "../../../../editors/vscode/src/protocol.ts";

const USAGE = { inputTokens: 1, outputTokens: 1, totalTokens: 2 } as Usage;

function log(turns: number): ChatEvent[] {
  const events: ChatEvent[] = [];
  const add = (event: object): void => void events.push({ chatId: "c", seq: events.length + 1, ...event } as ChatEvent);
  for (let turn = 1; turn <= turns; turn += 1) {
    const turnId = `t${turn}`;
    add({ type: "turn.started", turnId, model: "m", userMessageId: `u${turn}`, text: `Ask ${turn}` });
    add({ type: "text.delta", turnId, messageId: `${turnId}.1`, partId: "p", text: "One " });
    add({ type: "text.delta", turnId, messageId: `${turnId}.1`, partId: "p", text: "two" });
    add({ type: "turn.completed", turnId, stopReason: "endTurn", usage: USAGE });
  }
  return events;
}

function paged(events: readonly ChatEvent[], size: number) {
  let from = Math.max(0, events.length - size);
  let loaded = load(events.slice(from));
  while (from > 0) {
    from = Math.max(0, loaded.firstSeq - 1 - size);
    loaded = prepend(loaded, events.slice(from, loaded.firstSeq - 1)).loaded;
  }
  return loaded.view.turns;
}

describe("history", () => {
  it("is the same in pages of any size that has a turn", () => {
    const events = log(9);
    const whole = events.reduce(reduce, EMPTY).turns;
    for (const size of [4, 5, 7, 100]) assert.deepEqual(paged(events, size), whole, `pages of ${size}`);
  });

  it("leaves out what was taken back later", () => {
    const events = log(6);
    const seq = events.length + 1;
    const all = [...events, { type: "chat.reverted", chatId: "c", seq, throughMessageId: "t2.1" } as ChatEvent];
    const shown = paged(all, 6).map((turn) => turn.id);
    assert.deepEqual(shown, ["t1", "t2"]);
  });

  it("of an empty chat is empty", () => {
    assert.deepEqual(load([]).view, EMPTY);
  });
});

describe("what a fork has from before", () => {
  const message = (id: string, role: Message["role"], more: Partial<Message>): Message => ({ id, role, parts: [], createdAt: "", ...more });
  const text = (words: string) => [{ type: "text" as const, text: words }];

  it("is its messages as turns, calls with what came of them", () => {
    const call = { type: "toolCall" as const, toolCallId: "k", name: "f", input: {} };
    const turns = turnsOf([
      message("u1", "user", { parts: text("Ask") }),
      message("a1", "assistant", { parts: [...text("Wait."), call] }),
      message("r1", "tool", { toolCallId: "k", status: "denied", parts: text("No.") }),
      message("u2", "user", { parts: text("Again") }),
    ]);
    assert.deepEqual(turns.map(({ id, user, stopReason }) => [id, user?.text, stopReason]), [["u1", "Ask", "endTurn"], ["u2", "Again", "endTurn"]]);
    assert.deepEqual(turns[0]?.parts, [
      { type: "text", messageId: "a1", partId: "0", text: "Wait." },
      { type: "tool", toolCallId: "k", name: "f", input: {}, status: "denied", content: "No." },
    ]);
    assert.deepEqual(turns[1]?.parts, []);
  });

  it("may begin in the middle of a turn", () => {
    assert.deepEqual(turnsOf([message("a1", "assistant", { parts: text("Rest") })]).map(({ id, user }) => [id, user]), [["a1", undefined]]);
    assert.deepEqual(turnsOf([]), []);
  });
});
