"""Chunks in the store: added, read, changed, deleted and restored, and what they add up to."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.context import branches, chunks, deletion, staleness, summaries
from maestro.context.rows import NewChunk, total
from maestro.errors import MaestroError
from maestro_protocol.chat import ImagePart, Position, Range, TextPart
from tests.unit.context.store import CHAT, FOLDER, a_round, attach, call, gone, ids, message, open_store, say, sent


@pytest.fixture
def store() -> sqlite3.Connection:
    return open_store()


def test_a_chunk_is_read_as_it_was_added(store: sqlite3.Connection) -> None:
    where = Range(start=Position(line=2, character=0), end=Position(line=4, character=1))
    new = NewChunk(
        "range", "src/a.py", "x = 1\n" * 90, uri=f"{FOLDER}/src/a.py", range=where, sha256="abc", pinned=True
    )
    chunk, text = chunks.get(store, chunks.add(store, CHAT, new).id)
    assert text == new.text
    assert (chunk.source, chunk.label, chunk.uri, chunk.range) == ("range", "src/a.py", new.uri, where)
    assert (chunk.chat_id, chunk.workspace_folder, chunk.scope) == (CHAT, None, "chat")
    assert (chunk.sha256, chunk.pinned, chunk.stale, chunk.tokens_estimated) == ("abc", True, False, True)
    assert chunk.bytes == 540
    assert chunk.preview.startswith("x = 1 x = 1") and len(chunk.preview) == 120


def test_a_workspace_has_chunks_of_its_own(store: sqlite3.Connection) -> None:
    chunk = attach(store, "for all", FOLDER)
    assert (chunk.scope, chunk.workspace_folder, chunk.chat_id) == ("workspace", FOLDER, None)
    assert sent(store, [FOLDER, CHAT]) == [chunk.id]


@pytest.mark.parametrize("text", ["", "\x00", "half \ud83d a pair", "汉字 🌍", "```\n"])
def test_any_text_can_be_kept(store: sqlite3.Connection, text: str) -> None:
    chunk = chunks.add(store, CHAT, NewChunk("text", text, text))
    assert chunks.get(store, chunk.id)[1] == text.replace("\ud83d", "?")


def test_messages_become_chunks_with_labels_and_counts(store: sqlite3.Connection) -> None:
    user = say(store, message("user", "Why?", ImagePart(mime_type="image/png", data="AAAA")))
    answer, result = a_round(store, "c1")
    assert (user.source, user.label, answer.label) == ("message", "user", "assistant")
    assert (result.source, result.label, result.intent_id) == ("toolOutput", "read_file src/c1.py", "int_c1")
    assert answer.group_id == result.group_id is not None
    assert user.tokens > 1_600
    counted = say(store, message("assistant", "Because."), tokens=7)
    assert (counted.tokens, counted.tokens_estimated) == (7, False)


def test_the_text_of_a_message_shows_its_calls(store: sqlite3.Connection) -> None:
    answer = say(store, message("assistant", "Look.", call("c1", path="a.py")))
    assert chunks.get(store, answer.id)[1] == 'Look.\n\nread_file {"path": "a.py"}'


@pytest.mark.parametrize("chunk_id", ["chk_none", "", "\ud83d"])
def test_what_is_not_there_is_4501(store: sqlite3.Connection, chunk_id: str) -> None:
    with pytest.raises(MaestroError) as caught:
        chunks.get(store, chunk_id)
    assert caught.value.code == 4501


def test_pins_and_labels_change(store: sqlite3.Connection) -> None:
    chunk = attach(store, "text")
    assert chunks.update(store, chunk.id, pinned=True).pinned
    renamed = chunks.update(store, chunk.id, label="mine")
    assert (renamed.label, renamed.pinned) == ("mine", True)


def test_deleting_can_be_undone_where_it_stood(store: sqlite3.Connection) -> None:
    one, two, three = (attach(store, text) for text in ("1", "2", "3"))
    assert deletion.delete(store, [two.id, three.id, "none"]) == ([two.id, three.id], ["none"])
    four = attach(store, "4")
    assert sent(store) == [one.id, four.id]
    restored, not_found = deletion.restore(store, [three.id, two.id, one.id])
    assert (ids(restored), not_found) == ([two.id, three.id], [one.id])
    assert sent(store) == ids([one, two, three, four])


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_round_is_deleted_and_restored_as_a_whole(store: sqlite3.Connection, which: int) -> None:
    before = say(store, message("user", "Go."))
    found = a_round(store, "c1", "c2")
    other = a_round(store, "c1")
    deleted, _ = deletion.delete(store, [found[which].id])
    assert sorted(deleted) == sorted(ids(found))
    assert sent(store) == [before.id, *ids(other)]
    restored, _ = deletion.restore(store, [found[-which].id])
    assert ids(restored) == ids(found)
    assert sent(store) == [before.id, *ids(found), *ids(other)]


def test_clearing_keeps_what_is_pinned_and_its_round(store: sqlite3.Connection) -> None:
    file = attach(store, "1", pinned=True)
    first = a_round(store, "c1")
    second = a_round(store, "c2")
    elsewhere = attach(store, "2", FOLDER)
    chunks.update(store, second[1].id, pinned=True)
    assert deletion.clear(store, CHAT) == ids(first)
    assert sent(store, [FOLDER, CHAT]) == [elsewhere.id, file.id, *ids(second)]


def test_files_that_differ_become_stale_and_fresh_again(store: sqlite3.Connection) -> None:
    old, new = attach(store, "old"), attach(store, "new", FOLDER)
    other = attach(store, "other", label="src/b.py")
    hidden = attach(store, "old")
    gone(store, hidden.id)
    uri = f"{FOLDER}/src/a.py"
    assert staleness.is_news(store, uri, "sha of new")
    assert ids(staleness.mark_stale(store, uri, "sha of new")) == [old.id]
    assert chunks.read(store, hidden.id).stale
    assert not staleness.is_news(store, uri, "sha of new")
    assert ids(staleness.mark_stale(store, uri, None)) == [new.id]
    assert sorted(ids(staleness.mark_stale(store, uri, "sha of old"))) == sorted([old.id])
    assert [chunks.read(store, one.id).stale for one in (old, new, other, hidden)] == [False, True, False, False]


def test_a_refreshed_chunk_has_the_new_text(store: sqlite3.Connection) -> None:
    chunk = attach(store, "old")
    staleness.mark_stale(store, f"{FOLDER}/src/a.py", None)
    again = chunks.refresh(store, chunk.id, NewChunk("file", "src/a.py", "newer", sha256="sha"))
    assert (again.stale, again.sha256, again.preview, again.id) == (False, "sha", "newer", chunk.id)
    assert chunks.get(store, chunk.id)[1] == "newer"


def test_a_summary_stands_where_the_last_one_stood(store: sqlite3.Connection) -> None:
    early = attach(store, "kept")
    replaced = [say(store, message("user", "Go.")), *a_round(store, "c1")]
    later = say(store, message("user", "On."))
    summary, gone_now = summaries.summarise(store, CHAT, [replaced[0].id, replaced[1].id], "It went well.")
    assert gone_now == ids(replaced)
    assert sent(store) == [early.id, summary.id, later.id]
    assert (summary.source, chunks.get(store, summary.id)[1]) == ("summary", "It went well.")
    deletion.restore(store, ids(replaced))
    assert sent(store) == [early.id, *ids(replaced), summary.id, later.id]


def test_nothing_left_to_sum_up_is_said(store: sqlite3.Connection) -> None:
    chunk = attach(store, "1")
    gone(store, chunk.id)
    with pytest.raises(MaestroError) as caught:
        summaries.summarise(store, CHAT, [chunk.id], "text")
    assert caught.value.code == 4501


def test_a_fork_has_what_stood_before_the_message(store: sqlite3.Connection) -> None:
    attach(store, "early")
    first = say(store, message("user", "Go."))
    deleted = attach(store, "deleted")
    rounds = a_round(store, "c1")
    attach(store, "late")
    late = say(store, message("user", "On."))
    gone(store, deleted.id)
    copies = {chunk.message_id or "": f"copy_{chunk.message_id}" for chunk in (first, *rounds)}
    branches.copy(store, CHAT, "chat_2", copies)
    found = [chunks.read(store, one) for one in _all(store, "chat_2")]
    assert [one.preview for one in found][:2] == ["early", "Go."]
    assert [one.message_id for one in found if one.message_id] == list(copies.values())
    assert not {one.id for one in found} & {*sent(store), deleted.id}
    (group,) = {one.group_id for one in found if one.group_id}
    assert group != rounds[0].group_id
    assert [one.preview for one in found] == ["early", "Go.", *(one.preview for one in rounds)]
    (hidden,) = store.execute(
        "SELECT count(*) FROM chunks WHERE owner = 'chat_2' AND deleted_at IS NOT NULL"
    ).fetchone()
    assert hidden == 1
    assert late.id in sent(store)


def test_a_fork_from_before_a_summary_has_the_messages_themselves(store: sqlite3.Connection) -> None:
    first, second = say(store, message("user", "1")), say(store, message("user", "2"))
    summaries.summarise(store, CHAT, [first.id, second.id], "both")
    branches.copy(store, CHAT, "chat_2", {first.message_id or "": "copy"}, through_number=1)
    assert [chunks.read(store, one).preview for one in _all(store, "chat_2")] == ["1"]


def test_taking_messages_back_undoes_summaries_of_them(store: sqlite3.Connection) -> None:
    first, second, third = (say(store, message("user", text)) for text in "123")
    inner, _ = summaries.summarise(store, CHAT, [first.id, second.id], "1 and 2")
    outer, _ = summaries.summarise(store, CHAT, [inner.id, third.id], "all")
    removed, again = branches.drop_messages(store, [second.message_id or "", third.message_id or ""])
    assert removed == [outer.id]
    assert ids(again) == [first.id]
    assert sent(store) == [first.id]


def test_what_was_restored_from_a_summary_no_longer_belongs_to_it(store: sqlite3.Connection) -> None:
    first, second = say(store, message("user", "1")), say(store, message("user", "2"))
    summary, _ = summaries.summarise(store, CHAT, [first.id, second.id], "both")
    deletion.restore(store, [first.id])
    gone(store, first.id)
    assert branches.drop_messages(store, [second.message_id or ""]) == ([summary.id], [])
    assert sent(store) == []


def test_what_was_attached_to_a_message_goes_with_it(store: sqlite3.Connection) -> None:
    said = message("user", "Read this.")
    file = chunks.add(store, CHAT, NewChunk("file", "a.py", "x", message_id=said.id))
    other = attach(store, "by itself")
    chunk = say(store, said)
    assert branches.drop_messages(store, [said.id]) == ([file.id, chunk.id], [])
    assert sent(store) == [other.id]


def test_a_forgotten_chat_leaves_nothing(store: sqlite3.Connection) -> None:
    attach(store, "1")
    a_round(store, "c1")
    other = attach(store, "2", "chat_2")
    branches.forget(store, CHAT)
    assert store.execute("SELECT DISTINCT owner FROM chunks").fetchall() == [("chat_2",)]
    assert store.execute("SELECT DISTINCT owner FROM chunk_totals").fetchall() == [("chat_2",)]
    assert total(store, [CHAT, "chat_2"]).tokens == other.tokens


def test_more_chunks_than_one_statement_names(store: sqlite3.Connection) -> None:
    every = [attach(store, str(number)).id for number in range(1_203)]
    assert deletion.delete(store, every)[0] == every
    assert ids(deletion.restore(store, every)[0]) == every


STEPS = st.sampled_from(["add", "round", "delete", "restore", "clear", "pin", "drop"])


@given(st.lists(st.tuples(STEPS, st.integers(0, 30))))
@settings(max_examples=60, deadline=None)
def test_the_total_is_what_is_sent(steps: list[tuple[str, int]]) -> None:
    store = open_store()
    known: list[str] = []
    for step, number in steps:
        one = known[number % len(known)] if known else "none"
        match step:
            case "add":
                known.append(attach(store, "x" * number).id)
            case "round":
                known += ids(a_round(store, f"c{number}"))
            case "delete":
                deletion.delete(store, [one])
            case "restore":
                deletion.restore(store, [one])
            case "clear":
                deletion.clear(store, CHAT)
            case "pin" if known:
                chunks.update(store, one, pinned=True)
            case "drop" if known and (found := chunks.read(store, one)).message_id:
                branches.drop_messages(store, [found.message_id])
                known = [other for other in known if _is_there(store, other)]
    live = [chunks.read(store, one) for one in sent(store)]
    expected = (len(live), sum(one.tokens for one in live), sum(one.bytes for one in live))
    counted = total(store, [CHAT])
    assert (counted.chunks, counted.tokens, counted.bytes) == expected
    store.close()


def _is_there(store: sqlite3.Connection, chunk_id: str) -> bool:
    return store.execute("SELECT 1 FROM chunks WHERE id = ?", (chunk_id,)).fetchone() is not None


def _all(store: sqlite3.Connection, owner: str) -> list[str]:
    query = "SELECT id FROM chunks WHERE owner = ? AND deleted_at IS NULL ORDER BY position, number"
    return [chunk_id for (chunk_id,) in store.execute(query, (owner,))]


def test_parts_that_say_nothing_have_no_text(store: sqlite3.Connection) -> None:
    chunk = say(store, message("assistant", TextPart(text="")))
    assert chunks.get(store, chunk.id)[1] == ""
