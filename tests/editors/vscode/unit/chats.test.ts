// One window, several chats, one server that is slow, dies, and answers in any order.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { attachedTo } from "../../../../editors/vscode/src/chat/attached.ts";
import { Chats } from "../../../../editors/vscode/src/chat/chats.ts";
import type { Screen } from "../../../../editors/vscode/src/chat/conversation.ts";
import { inputOf, joined } from "../../../../editors/vscode/src/chat/drafts.ts";
import { Fields, MOST_CHATS } from "../../../../editors/vscode/src/chat/fields.ts";
import { follow, load, prepend } from "../../../../editors/vscode/src/chat/history.ts";
import { Memory } from "../../../../editors/vscode/src/chat/memory.ts";
import { reduce } from "../../../../editors/vscode/src/chat/reduce.ts";
import { EMPTY, type View } from "../../../../editors/vscode/src/chat/view.ts";
import { Advised, Lost } from "../../../../editors/vscode/src/errors.ts";
import type { ChatEvent } from "../../../../editors/vscode/src/protocol.ts";
import { canceller, log, Memo, settled, Store } from "./store.ts";

/** What the page would show, by what it is told. */
class Page implements Screen {
  view: View = EMPTY;
  more = false;
  facts = (): void => undefined;
  begun = (chatId: string): void => fields.begun(chatId);
  field = (): void => undefined;
  busy = (): void => undefined;
  problem = (): void => undefined;
  unsaid = (): void => undefined;

  show(view: View, more: boolean): void {
    [this.view, this.more] = [view, more];
  }
  older(turns: View["turns"], more: boolean): void {
    this.view = { ...this.view, turns: [...turns, ...this.view.turns] };
    this.more = more;
  }
  events(events: readonly ChatEvent[]): void {
    this.view = events.reduce(reduce, this.view);
  }
  get turns(): string[] {
    return this.view.turns.map(({ id }) => id);
  }
}

const draft = (text: string) => ({ text, attached: [] });
const started = (chatId: string): ChatEvent => log(chatId, 1)[0] as ChatEvent;

let store: Store;
let page: Page;
let chats: Chats;
let memo: Memo;
let fields: Fields;

/** The window is loaded anew: what it remembers, as the editor keeps it. */
function reloaded(): Fields {
  return new Fields(new Memory(memo.stored()));
}

beforeEach(() => {
  store = new Store();
  page = new Page();
  memo = new Memo();
  fields = new Fields(new Memory(memo));
  chats = new Chats(store, page, canceller, fields);
  store.logs.set("a", log("a", 2));
  store.logs.set("b", log("b", 3));
});

/** Send in a new chat, and have it begin; the sending goes on. */
async function begin(chatId: string): Promise<{ sending: Promise<void> }> {
  const sending = chats.shown.send(draft("Hello"), { model: "m" });
  await settled();
  store.logs.set(chatId, log(chatId, 1, true));
  store.sent.at(-1)?.stream(started(chatId));
  return { sending };
}

describe("chats", () => {
  it("keep what is answered to themselves while another is shown", async () => {
    await begin("n");
    await chats.open();
    store.sent[0]?.stream(log("n", 1)[1] as ChatEvent);
    assert.deepEqual([page.turns, chats.shown.chatId, chats.shown.busy], [[], undefined, false]);
    void chats.shown.send(draft("Other"), {});
    await settled();
    assert.equal(store.sent[1]?.params.chatId, undefined, "what is said next begins another chat");
    await chats.open("n");
    assert.deepEqual(page.turns, ["n1"]);
    assert.equal(page.view.turns[0]?.parts.length, 1, "what was answered meanwhile is there");
  });

  it("are busy and stopped each for itself", async () => {
    await chats.open("a");
    void chats.shown.send(draft("Go on"), {});
    await settled();
    await chats.open("b");
    assert.ok(!chats.shown.busy);
    await chats.shown.stop();
    assert.ok(!store.sent[0]?.token?.isCancellationRequested);
    await chats.open("a");
    assert.ok(chats.shown.busy);
    await chats.shown.stop();
    assert.ok(store.sent[0]?.token?.isCancellationRequested);
  });

  it("keep failures and words that were not said until they are shown again", async () => {
    await chats.open("a");
    const sending = chats.shown.send({ text: "Go on", attached: [{ id: "1", label: "x", part: { type: "file", uri: "file:///x" } }] }, {});
    await settled();
    await chats.open("b");
    store.sent[0]?.fail({ code: 4302, message: "It is answering." });
    await sending;
    assert.deepEqual([chats.takeUnsaid(), chats.shown.failure], [[], undefined]);
    await chats.open("a");
    assert.deepEqual(chats.takeUnsaid().map(({ text, attached }) => [text, attached.length]), [["Go on", 1]]);
    assert.deepEqual(chats.takeUnsaid(), [], "they come back once");
    assert.ok(chats.shown.failure);
  });

  it("give back words of a chat that never began, wherever one is", async () => {
    const sending = chats.shown.send(draft("Hello"), {});
    await settled();
    await chats.open("b");
    let told = 0;
    page.unsaid = () => void (told += 1);
    store.sent[0]?.fail({ code: 4001, message: "Sign in first." });
    await sending;
    assert.equal(told, 1);
    assert.deepEqual(chats.takeUnsaid().map(({ text }) => text), ["Hello"]);
    assert.ok(chats.shown.failure);
  });

  it("that open late do not come in place of the one that was opened since", async () => {
    store.hold();
    const first = chats.open("a");
    const second = chats.open("b");
    store.flow()();
    await Promise.all([first, second]);
    assert.deepEqual(page.turns, ["b1", "b2", "b3"]);
    const gone = chats.openIfThere("gone");
    await chats.open("a");
    await gone;
    assert.equal(chats.shown.chatId, "a", "nor does the failure to open it");
  });

  it("are remembered as soon as they have begun", async () => {
    const seen: (string | undefined)[] = [];
    page.facts = () => void seen.push(chats.shown.chatId);
    await begin("n");
    assert.deepEqual(seen, ["n"]);
  });

  it("that begin have one first message, however fast the second follows", async () => {
    const first = chats.shown.send(draft("One"), {});
    const second = chats.shown.send(draft("Two"), {});
    await settled();
    assert.equal(store.sent.length, 1);
    store.logs.set("n", log("n", 1, true));
    store.sent[0]?.stream(started("n"));
    await settled();
    assert.equal(store.sent[1]?.params.chatId, "n");
    store.sent[1]?.fail({ code: 4302, message: "It is answering." });
    await second;
    assert.ok(chats.shown.busy, "the first one is still being answered");
    assert.deepEqual(chats.takeUnsaid().map(({ text }) => text), ["Two"]);
    store.sent[0]?.end();
    await first;
  });

  it("that begin are stopped with all that waits for them", async () => {
    const sendings = ["One", "Two"].map((text) => chats.shown.send(draft(text), {}));
    await settled();
    await chats.shown.stop();
    store.sent[0]?.fail({ code: -32800, message: "Cancelled." });
    await Promise.all(sendings);
    assert.equal(store.sent.length, 1);
    assert.deepEqual(chats.takeUnsaid().map(({ text }) => text), ["One", "Two"]);
    assert.equal(chats.shown.failure, undefined, "to stop is no failure");
  });

  it("that begin begin with the second message where the first failed", async () => {
    void chats.shown.send(draft("One"), {});
    const second = chats.shown.send(draft("Two"), { model: "m" });
    await settled();
    store.sent[0]?.fail({ code: 4001, message: "No." });
    await settled();
    assert.deepEqual([store.sent[1]?.params.chatId, store.sent[1]?.params.model], [undefined, "m"]);
    store.sent[1]?.end();
    await second;
  });

  it("that were deleted give way to one that begins", async () => {
    await chats.open("a");
    store.tell({ id: "b" }, true);
    assert.equal(chats.shown.chatId, "a");
    store.tell({ id: "a" }, true);
    assert.deepEqual([chats.shown.chatId, page.turns], [undefined, []]);
  });
});

describe("a server that ends", () => {
  const lost = new Lost("It ended.");

  it("leaves a chat that was being answered whole, whatever comes late", async () => {
    const { sending } = await begin("n");
    store.hold();
    store.sent[0]?.fail(lost);
    await settled();
    chats.suspend();
    assert.ok(!chats.shown.busy, "nothing runs where there is no server");
    store.logs.set("n", log("n", 1));
    const resumed = chats.resume();
    assert.deepEqual(page.turns, ["n1"], "what was there stays while it is loaded anew");
    await settled();
    store.flow()();
    await Promise.all([sending, resumed]);
    assert.deepEqual([page.turns, page.view.turns[0]?.stopReason], [["n1"], "endTurn"]);
    assert.deepEqual(page.view, chats.shown.view);
  });

  it("takes with it what it was asked for, though the answer comes later than another's", async () => {
    store.logs.set("l", log("l", 1000));
    await chats.open("l");
    store.hold();
    const older = chats.shown.older();
    chats.suspend();
    const late = store.flow();
    await chats.resume();
    const before = [...page.turns];
    late();
    await older;
    assert.deepEqual(page.turns, before);
  });

  it("takes with it what it was asked for when it was opened", async () => {
    store.hold();
    const opened = chats.open("a");
    await settled();
    store.release();
    await settled();
    chats.suspend();
    const late = store.flow();
    store.logs.set("a", log("a", 3));
    await chats.resume();
    late();
    await opened;
    assert.deepEqual(page.turns, ["a1", "a2", "a3"]);
  });

  it("leaves the end of a long chat, with more before it", async () => {
    store.logs.set("l", log("l", 2000));
    await chats.open("l");
    const { length } = page.turns;
    const sending = chats.shown.send(draft("Go on"), {});
    await settled();
    store.logs.get("l")?.push({ ...started("l"), turnId: "last", seq: 6001 } as ChatEvent);
    store.sent[0]?.stream(store.logs.get("l")?.at(-1) as ChatEvent);
    chats.suspend();
    store.sent[0]?.fail(lost);
    await Promise.all([sending, chats.resume()]);
    assert.deepEqual([page.turns.at(-1), page.more], ["last", true]);
    assert.ok(Math.abs(page.turns.length - length) <= 1);
  });

  it("does not bring words back that were said, nor tell what the turn tells", async () => {
    const { sending } = await begin("n");
    store.sent[0]?.fail(lost);
    await sending;
    assert.deepEqual([chats.takeUnsaid(), chats.shown.failure], [[], undefined]);
    const unsaid = chats.shown.send(draft("More"), {});
    await settled();
    store.sent[1]?.fail(lost);
    await unsaid;
    assert.deepEqual(chats.takeUnsaid().map(({ text }) => text), ["More"]);
    assert.equal(chats.shown.failure?.error, lost);
  });

  it("is no problem any more when another runs", async () => {
    await chats.open("a");
    chats.shown.fail({ error: new Advised("No server.", "Install", "x"), said: false });
    await chats.resume();
    assert.equal(chats.shown.failure, undefined);
  });

  it("has not ended for a chat that begins with its start", async () => {
    const sending = chats.shown.send(draft("Hello"), {});
    const { shown } = chats;
    await chats.resume();
    await settled();
    assert.equal(chats.shown, shown);
    store.sent[0]?.end();
    await sending;
  });
});

describe("a chat", () => {
  it("shows older turns once for two wishes, and has more for a third", async () => {
    store.logs.set("l", log("l", 1000));
    await chats.open("l");
    await Promise.all([chats.shown.older(), chats.shown.older()]);
    assert.equal(new Set(page.turns).size, page.turns.length);
    while (page.more) await chats.shown.older();
    assert.deepEqual(page.turns, log("l", 1000).filter(({ type }) => type === "turn.started").map((event) => (event as { turnId: string }).turnId));
  });

  it("takes no page of older turns that was asked for before another was opened", async () => {
    store.logs.set("l", log("l", 1000));
    await chats.open("l");
    store.hold();
    const older = chats.shown.older();
    const opened = chats.open("b");
    store.flow()();
    await Promise.all([older, opened]);
    assert.deepEqual(page.turns, ["b1", "b2", "b3"]);
  });

  it("that changed while it was loaded is whole", async () => {
    store.hold();
    const opened = chats.open("a");
    await settled();
    store.release();
    await settled();
    store.logs.set("a", log("a", 4));
    store.tell({ id: "a", lastSeq: 12 });
    store.flow()();
    await opened;
    await settled();
    assert.deepEqual(page.turns, ["a1", "a2", "a3", "a4"]);
  });

  it("that is answered while it is loaded anew is whole", async () => {
    await chats.open("a");
    void chats.shown.send(draft("Go on"), {});
    await settled();
    store.hold();
    const loaded = chats.shown.reload();
    store.release();
    await settled();
    store.logs.set("a", log("a", 3, true));
    store.sent[0]?.stream(...log("a", 3, true).slice(6));
    store.flow()();
    await loaded;
    await settled();
    assert.deepEqual([page.turns, page.view], [["a1", "a2", "a3"], chats.shown.view]);
  });

  it("follows what another window says, to the end", async () => {
    await chats.open("a");
    store.logs.set("a", log("a", 3, true));
    store.tell({ id: "a", lastSeq: 8 });
    store.logs.set("a", log("a", 4, true));
    store.tell({ id: "a", lastSeq: 11 });
    await settled();
    assert.deepEqual(page.turns, ["a1", "a2", "a3", "a4"]);
    store.logs.set("a", log("a", 800, true));
    store.tell({ id: "a", lastSeq: 2399 });
    await settled();
    assert.equal(page.turns.length, 800);
    assert.ok(chats.shown.busy && chats.shown.elsewhere);
    await chats.shown.stop();
    assert.equal(store.asked.at(-1), "maestro/chat/cancel");
  });

  it("keeps its beginning where a page has nothing new", () => {
    const loaded = load(log("a", 3).slice(3));
    assert.deepEqual(prepend(loaded, log("a", 3).slice(3)), { loaded, turns: [] });
    assert.equal(loaded.firstSeq, 4);
  });

  it("knows of what was taken back to a message it has not loaded", () => {
    const events = log("a", 5);
    const seq = events.length + 1;
    const loaded = follow(load(events.slice(9)), { type: "chat.reverted", chatId: "a", seq, throughMessageId: "a2.1" });
    assert.deepEqual(loaded.view.turns, []);
    assert.deepEqual(prepend(loaded, events.slice(0, 9)).turns.map(({ id }) => id), ["a1", "a2"]);
  });
});

describe("words that are not said yet", () => {
  const image = { id: "1", label: "Image 1", part: { type: "image", mimeType: "image/png", data: "AA==" } } as const;
  const file = { id: "2", label: "x", part: { type: "file", uri: "file:///x" } } as const;

  it("stand in their chat's field when the window is loaded anew, until their turn begins", async () => {
    const { sending } = await begin("n");
    const waiting = ["Two", "Three"].map((text) => chats.shown.send(draft(text), {}));
    fields.write("n", { text: "Fo" });
    await settled();
    assert.equal(reloaded().of("n").text, "Two\n\nThree\n\nFo", "the first one is said");
    assert.deepEqual(reloaded().of(), draft(""));
    store.sent[0]?.end();
    await sending;
    store.logs.set("n", log("n", 2, true));
    store.sent[1]?.stream(...log("n", 2, true).slice(2));
    assert.equal(reloaded().of("n").text, "Three\n\nFo");
    store.sent[2]?.fail({ code: 4302, message: "It is answering." });
    store.sent[1]?.end();
    await Promise.all(waiting);
    assert.equal(reloaded().of("n").text, "Three\n\nFo", "what came back and nobody took is not lost either");
    fields.write("n", { text: `${joined(chats.takeUnsaid()).text}\n\nFo` });
    assert.equal(reloaded().of("n").text, "Three\n\nFo", "nor is it there twice");
  });

  it("come back together and in their order where they are stopped, whichever ends first", async () => {
    await begin("n");
    const waiting = ["Two", "Three"].map((text) => chats.shown.send(draft(text), {}));
    await settled();
    const told: string[] = [];
    page.unsaid = () => void told.push(joined(chats.takeUnsaid()).text);
    await chats.shown.stop();
    for (const sent of store.sent.slice(1).reverse()) {
      sent.fail({ code: -32800, message: "Cancelled." });
      await settled();
    }
    await Promise.all(waiting);
    assert.deepEqual(told, ["Two\n\nThree"]);
  });

  it("are each chat's own, and those of a chat that begins go with it", async () => {
    fields.write("a", { text: "In a" });
    fields.write(undefined, { text: "In none", attached: [file] });
    assert.deepEqual([fields.of("a").text, fields.of("b").text, fields.of().text], ["In a", "", "In none"]);
    await begin("n");
    assert.deepEqual([fields.of(), fields.of("n")], [draft(""), { text: "In none", attached: [file] }]);
    const seen: unknown[] = [];
    page.field = () => void seen.push(chats.shown.chatId);
    await chats.open("a");
    await chats.open("n");
    assert.deepEqual(seen, ["a", "n"], "the field is told of with its chat");
    store.tell({ id: "n" }, true);
    assert.deepEqual(reloaded().of("n"), draft(""), "a chat that is deleted takes them with it");
  });

  it("are remembered of the last chats written in, without their images", () => {
    for (let chat = 0; chat <= MOST_CHATS; chat += 1) fields.write(`c${chat}`, { text: `Draft ${chat}`, attached: [image, file] });
    assert.deepEqual(reloaded().of("c0"), draft(""));
    assert.deepEqual(reloaded().of("c1"), { text: "Draft 1", attached: [file] });
    assert.deepEqual(fields.of("c1").attached, [image, file]);
  });

  it("are listed while they wait, and taken back one by one", async () => {
    await begin("n");
    const waiting = ["Two", "Three"].map((text) => chats.shown.send(draft(text), {}));
    await settled();
    assert.deepEqual(chats.shown.waiting.map((each) => each.draft.text), ["Two", "Three"]);
    chats.shown.withdraw(chats.shown.waiting[0]?.number ?? 0);
    assert.deepEqual(store.sent.map(({ token }) => token?.isCancellationRequested), [false, true, false]);
    store.sent[1]?.fail({ code: -32800, message: "Cancelled." });
    await waiting[0];
    assert.deepEqual([chats.shown.waiting.map((each) => each.draft.text), chats.takeUnsaid().map(({ text }) => text)], [["Three"], ["Two"]]);
  });

  it("do not wait where nothing is answered", async () => {
    await chats.open("a");
    void chats.shown.send(draft("One"), {});
    await settled();
    assert.deepEqual(chats.shown.waiting, []);
  });
});

describe("a chat that was open before", () => {
  it("loads from the beginning on, and is there when a server runs", async () => {
    chats = new Chats(store, page, canceller, fields, "a");
    assert.deepEqual([chats.shown.chatId, chats.shown.loads], ["a", true]);
    await chats.resume();
    assert.deepEqual([page.turns, chats.shown.loads], [["a1", "a2"], false]);
  });

  it("gives way to one that begins where it is gone, and may be tried again where it only failed", async () => {
    chats = new Chats(store, page, canceller, fields, "gone");
    await chats.resume();
    assert.deepEqual([chats.shown.chatId, chats.shown.loads], [undefined, false]);
    store.broken = { code: 4901, message: "The disk is full." };
    await assert.rejects(async () => chats.open("a"));
    assert.deepEqual([chats.shown.chatId, chats.shown.loads], ["a", false]);
  });
});

describe("a problem", () => {
  it("goes when what helps is done, not when it failed or another one came", async () => {
    const [one, other] = ["One.", "Other."].map((message) => ({ error: new Error(message), said: false }));
    chats.shown.fail(one);
    await chats.shown.mend(async () => false);
    assert.equal(chats.shown.failure, one);
    await chats.shown.mend(async () => chats.shown.fail(other));
    assert.equal(chats.shown.failure, other);
    await chats.shown.mend(async () => undefined);
    assert.equal(chats.shown.failure, undefined);
  });
});

describe("a message", () => {
  it("is taken back with what went along, where it is known how", async () => {
    const range = { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } };
    const attached = (source: string, uri?: string) => ({ type: "attachment", chunkId: source, source, label: source, ...(uri ? { uri } : {}) }) as const;
    const attachments = [attached("file", "file:///x"), attached("selection", "file:///y"), attached("text"), attached("toolOutput", "file:///z")];
    const picture = { type: "image", mimeType: "image/png", data: "AA==" } as const;
    store.chunks = [{ id: "selection", range }];
    store.messages = [
      { id: "u0", role: "user", parts: [picture], createdAt: "" },
      { id: "u1", role: "user", parts: [{ type: "text", text: "Look" }, picture, picture, ...attachments], createdAt: "" },
    ];
    const turn = { id: "t", parts: [], user: { id: "u1", text: "Look", attachments } };
    const along = await attachedTo(store, "a", [turn], turn, (number) => `Image ${number}`);
    assert.deepEqual(along.map(({ label, part }) => [label, part]), [
      ["file", { type: "file", uri: "file:///x" }],
      ["selection", { type: "selection", uri: "file:///y", range }],
      ["Image 1", picture],
      ["Image 2", picture],
    ]);
  });

  it("lists the images that went along, in its turn", async () => {
    await chats.open("a");
    const part = { type: "image", mimeType: "image/png", data: "AA==" } as const;
    void chats.shown.send({ text: "Look", attached: [{ id: "1", label: "Image 1", part }] }, {});
    await settled();
    store.sent[0]?.stream(...log("a", 3, true).slice(6));
    assert.deepEqual(page.view.turns[2]?.user?.attachments?.map(({ label }) => label), ["Image 1"]);
  });

  it("may have no words where something goes along", () => {
    assert.deepEqual(inputOf({ text: "", attached: [{ id: "1", label: "Image 1", part: { type: "image", mimeType: "image/png", data: "AA==" } }] }), [
      { type: "image", mimeType: "image/png", data: "AA==" },
    ]);
  });
});
