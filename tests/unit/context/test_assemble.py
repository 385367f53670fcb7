"""The messages of a request: in order, framed, and valid for every provider whatever was deleted."""

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestro.context import deletion, pieces
from maestro.context.assemble import REMOVED, assemble
from maestro.context.chunks import add
from maestro.context.frame import framed
from maestro.context.pieces import Piece
from maestro.context.rows import NewChunk
from maestro_protocol.chat import (
    ChatMessage,
    ImagePart,
    Position,
    Range,
    ReasoningPart,
    ReplayPart,
    TextPart,
    ToolCallPart,
)
from maestro_protocol.context import Chunk
from maestro_protocol.conversations import Message
from tests.unit.context.store import CHAT, FOLDER, NOW, a_round, attach, call, message, open_store, replay, say

Move: TypeAlias = Callable[[sqlite3.Connection, list[str]], object]
IMAGE = ImagePart(mime_type="image/png", data="AAAA")


def chunk(source: str = "message", label: str = "a", uri: str | None = None, where: Range | None = None) -> Chunk:
    return Chunk.model_validate(
        {
            "id": "chk_0123456789abcdef",
            "scope": "chat",
            "source": source,
            "label": label,
            "uri": uri,
            "range": where,
            "tokens": 1,
            "bytes": 1,
            "sha256": "",
            "preview": "",
            "created_at": NOW,
        }
    )


def said(*messages: Message) -> list[Piece]:
    return [Piece(chunk(), message=one) for one in messages]


def test_a_conversation_comes_as_it_was_said() -> None:
    answer = message("assistant", ReasoningPart(text="Hm."), "Look.", call("c1"), replay())
    result = message("tool", "x = 1", call="c1")
    built = assemble("Be brief.", said(message("user", "Why?", IMAGE), answer, result, message("assistant", "So.")))
    assert [one.role for one in built] == ["system", "user", "assistant", "tool", "assistant"]
    assert built[1].content == [TextPart(text="Why?"), IMAGE]
    assert built[2].content == answer.parts
    assert (built[3].content, built[3].tool_call_id) == ("x = 1", "c1")
    assert built[4].content == "So."


@pytest.mark.parametrize("system", [None, "", " \n"])
def test_no_system_text_is_no_message(system: str | None) -> None:
    assert [one.role for one in assemble(system, said(message("user", "Why?")))] == ["user"]


def test_neighbours_are_one_message() -> None:
    file = Piece(chunk("file", "src/a.py", f"{FOLDER}/src/a.py"), "x = 1\n")
    built = assemble(None, [file, *said(message("user", "Why?")), file, *said(message("user", IMAGE, "And?"))])
    (only,) = built
    assert isinstance(only.content, list)
    first, image, last = only.content
    assert isinstance(first, TextPart) and first.text.count("x = 1") == 2 and "]\n\nWhy?\n\n[" in first.text
    assert (image, last) == (IMAGE, TextPart(text="And?"))


def test_a_call_without_a_result_goes_with_what_is_signed() -> None:
    answer = message("assistant", "Look.", call("c1"), call("c2"), replay())
    built = assemble(None, said(message("user", "Go."), answer, message("tool", "2", call="c2")))
    assert built[1].content == [TextPart(text="Look."), call("c2")]
    assert [one.tool_call_id for one in built[2:]] == ["c2"]
    assert len(assemble(None, said(message("user", "Go."), message("assistant", call("c1"), replay())))) == 1


def test_a_result_without_a_call_goes() -> None:
    built = assemble(None, said(message("user", "Go."), message("tool", "1", call="c1"), message("assistant", "So.")))
    assert [one.role for one in built] == ["user", "assistant"]


def test_ids_that_come_again_in_the_next_round_are_told_apart() -> None:
    built = assemble(
        None,
        said(
            message("user", "Go."),
            message("assistant", call("c1", path="a")),
            message("assistant", call("c1", path="b")),
            message("tool", "of b", call="c1"),
            message("tool", "of b again", call="c1"),
        ),
    )
    assert [(one.role, one.content if one.role == "tool" else "") for one in built] == [
        ("user", ""),
        ("assistant", ""),
        ("tool", "of b"),
    ]


def test_results_stand_right_behind_their_answer_in_the_order_of_the_calls() -> None:
    answer = message("assistant", call("c1"), call("c2"))
    note = Piece(chunk("text", "note"), "meanwhile")
    results = said(message("tool", "2", call="c2"), message("tool", " ", call="c1"))
    built = assemble(None, [*said(message("user", "Go."), answer), note, *results])
    assert [one.role for one in built] == ["user", "assistant", "tool", "tool", "user"]
    assert [one.content for one in built[2:4]] == ["(no output)", "2"]


def test_what_broke_off_is_sent_as_text() -> None:
    broken = message("assistant", ReasoningPart(text="Hm."), "So far", call("c1"), replay(), incomplete=True)
    built = assemble(None, said(message("user", "Go."), broken, message("tool", "1", call="c1")))
    assert [one.content for one in built] == ["Go.", "So far"]


def test_an_answer_to_nothing_gets_a_line_before_it() -> None:
    answer = message("assistant", "So.")
    built = assemble(None, said(answer, answer))
    assert [(one.role, one.content) for one in built] == [("user", REMOVED), ("assistant", "So.")] * 2


def test_nothing_empty_is_sent() -> None:
    empty = [message("user", " "), message("assistant", ""), message("assistant", ReasoningPart(text="Hm."), replay())]
    assert assemble(None, [*said(*empty), Piece(chunk("file"), "\n")]) == []


def test_what_a_client_adds_as_a_message_is_not_framed() -> None:
    assert assemble(None, [Piece(chunk("message"), "Be brief.")]) == [ChatMessage(role="user", content="Be brief.")]


def test_the_frame_says_what_it_holds() -> None:
    where = Range(start=Position(line=2, character=0), end=Position(line=5, character=0))
    lines = framed(chunk("range", "src/a.py", f"{FOLDER}/src/a.py", where), "x = 1").split("\n")
    assert lines[0].startswith("[a part of a file: src/a.py, lines 3-5.") and "nothing up to its end is" in lines[0]
    assert lines[1:] == ["```py", "x = 1", "```", "[end of chk_0123456789abcdef]"]


def test_placeholders_are_explained_where_there_are_any() -> None:
    assert "secrets" in framed(chunk("file"), "key = 'MSK00001xxxxx'").split("\n")[0]
    assert "secrets" not in framed(chunk("file"), "key = ''").split("\n")[0]


@given(st.text(alphabet="`~a\n []"), st.text())
def test_no_text_and_no_name_gets_out_of_its_frame(text: str, label: str) -> None:
    head, fence, *body, end, last = framed(chunk("file", label), text).split("\n")
    assert head.startswith("[a file: ") and head.endswith("]") and head.count("[") == head.count("]") == 1
    assert re.fullmatch("`{3,}", fence) and end == fence
    assert last == "[end of chk_0123456789abcdef]"
    assert not any(fence in line for line in body)
    assert "\n".join(body).rstrip("\n") == text.rstrip("\n")


def one_message(role: str, *parts: ToolCallPart | ReplayPart, incomplete: bool | None = None) -> Move:
    def move(store: sqlite3.Connection, known: list[str]) -> None:
        known.append(say(store, message(role, "So.", *parts, incomplete=incomplete)).id)

    return move


def whole_round(*ids: str) -> Move:
    return lambda store, known: known.extend(found.id for found in a_round(store, *ids))


MOVES: Mapping[str, Move] = {
    "user": one_message("user"),
    "answer": one_message("assistant", replay()),
    "broken": one_message("assistant", call("c1"), incomplete=True),
    "open": one_message("assistant", call("c1"), replay()),
    "round": whole_round("c1"),
    "double": whole_round("c1", "c2"),
    "file": lambda store, known: known.append(attach(store, "x").id),
    "clear": lambda store, known: deletion.clear(store, CHAT),
}
STEPS = st.one_of(st.sampled_from([*MOVES]), st.tuples(st.sampled_from(["delete", "restore"]), st.integers(0, 40)))


@given(st.lists(STEPS, max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_is_deleted_every_provider_takes_it(steps: list[str | tuple[str, int]]) -> None:
    store = open_store()
    known: list[str] = []
    for step in steps:
        if isinstance(step, str):
            MOVES[step](store, known)
        elif known:
            change = deletion.delete if step[0] == "delete" else deletion.restore
            change(store, [known[step[1] % len(known)]])
    check(assemble("Be brief.", pieces.load(store, [CHAT])))
    store.close()


@given(st.lists(st.sampled_from(range(8)), max_size=12))
def test_pieces_in_any_order_become_something_valid(order: list[int]) -> None:
    every = said(
        message("user", "Go."),
        message("assistant", "Look.", call("c1"), call("c2"), replay()),
        message("tool", "1", call="c1"),
        message("tool", "2", call="c2"),
        message("assistant", "Look.", call("c1"), call("c1")),
        message("assistant", "So."),
        message("user", ""),
    )
    every.append(Piece(chunk("file"), "x"))
    check(assemble(None, [every[index] for index in order]))


def check(messages: Sequence[ChatMessage]) -> None:
    """What the strictest provider asks for."""
    said = [one for one in messages if one.role != "system"]
    assert not said or said[0].role == "user"
    due: list[str] = []
    for before, one in zip([None, *said], said, strict=False):
        assert one.content
        if one.role == "tool":
            assert one.tool_call_id == due.pop(0)
            continue
        assert not due
        assert before is None or one.role != before.role
        parts = one.content if isinstance(one.content, list) else []
        due = [part.tool_call_id for part in parts if isinstance(part, ToolCallPart)]
        assert len(set(due)) == len(due)
        if any(isinstance(part, ReplayPart) for part in parts):
            assert one.role == "assistant"
    assert not due


def test_chunks_by_themselves_can_be_chosen() -> None:
    store = open_store()
    pinned, named, other = attach(store, "1", pinned=True), attach(store, "2"), attach(store, "3")
    early = message("user", "Read.")
    add(store, CHAT, NewChunk("file", "old.py", "4", message_id=early.id))
    first = say(store, early)
    late = message("user", "And this.")
    now = add(store, CHAT, NewChunk("file", "new.py", "5", message_id=late.id))
    last = say(store, late)
    loaded = pieces.load(store, [CHAT])
    assert pieces.chosen(loaded, None) == loaded
    found = [piece.chunk.id for piece in pieces.chosen(loaded, [named.id])]
    assert found == [pinned.id, named.id, first.id, now.id, last.id]
    assert other.id not in found
    store.close()
