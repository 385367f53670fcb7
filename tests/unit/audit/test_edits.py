"""Findings stay on their words through every edit; a text that changed unseen is told by its difference."""

import re
from itertools import accumulate

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from maestro.audit.moving.edits import Edit, EditLog, Moved, apply, content_change, move
from maestro.audit.moving.line_diff import difference, refine
from maestro.audit.moving.offsets import line_start, to_offset, to_position
from maestro.positions import Encoding, split_lines
from maestro_protocol.chat import Position, Range

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
UNITS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
WIDTH = {"utf-8": 1, "utf-16": 2, "utf-32": 4}

PIECES = (
    "a",
    "b",
    "word",
    " ",
    "    ",
    "(",
    "=",
    "\n",
    "\r\n",
    "\r",
    "\u2028",
    "\f",
    "é",
    "漢",
    "😀",
    "return x\n",
    "}\n",
)
texts = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@st.composite
def edits_of(draw: st.DrawFn, text: str) -> Edit:
    start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
    return Edit(start, end, draw(st.text("ab_ \n(", max_size=6)))


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(texts)
    edits = []
    now = text
    for _ in range(draw(st.integers(0, 6))):
        edits.append(draw(edits_of(now)))
        now = apply(now, edits[-1:])
    return text, edits


def place(text: str, anchor: str, edits: tuple[Edit, ...]) -> tuple[str, bool] | None:
    """What the anchor's words became, and whether they were touched."""
    start = text.index(anchor)
    moved = move(start, start + len(anchor), edits)
    return (apply(text, edits)[moved.start : moved.end], moved.touched) if moved else None


@given(texts, texts)
def test_a_difference_leads_from_one_text_to_the_other(before: str, after: str) -> None:
    edits = difference(before, after)
    assert apply(before, edits) == after
    assert all(edit.text or edit.start < edit.end for edit in edits)


@given(texts)
def test_equal_texts_have_no_difference(text: str) -> None:
    assert difference(text, text) == ()


@given(st.data())
def test_a_refined_edit_does_the_same(data: st.DataObject) -> None:
    text = data.draw(texts)
    edit = data.draw(edits_of(text))
    assert apply(text, refine(text, edit)) == apply(text, [edit])


@given(texts, texts)
def test_a_refined_replacement_of_everything_is_the_difference(before: str, after: str) -> None:
    assume(before and after and (len(before) > 100 or len(split_lines(before)) > 1))
    assert apply(before, refine(before, Edit(0, len(before), after))) == after


@given(histories(), st.data())
def test_an_anchor_moves_as_its_characters_do(history: tuple[str, list[Edit]], data: st.DataObject) -> None:
    text, edits = history
    assume(text)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert move(start, end, edits) == by_characters(text, start, end, edits)


def by_characters(text: str, start: int, end: int, edits: list[Edit]) -> Moved | None:
    """Each character knows whether it is the anchor's; new ones are if those around them are."""
    marks = [start <= at < end for at in range(len(text))]
    touched = False
    for edit in edits:
        first, stop = marks.index(True), len(marks) - marks[::-1].index(True)
        inside = any(marks[edit.start - 1 : edit.start]) and any(marks[edit.end : edit.end + 1])
        glued = (edit.end == first and re.search(r"\w\Z", edit.text)) or (
            edit.start == stop and re.match(r"\w", edit.text)
        )
        touched = touched or bool(glued) or any(marks[edit.start : edit.end]) or (inside and edit.text != "")
        marks[edit.start : edit.end] = [inside] * len(edit.text)
        if not any(marks):
            return None
    return Moved(marks.index(True), len(marks) - marks[::-1].index(True), touched)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (Edit(4, 4, "new\n"), Moved(8, 11, False)),
        (Edit(4, 4, "re"), Moved(6, 9, True)),
        (Edit(4, 4, "("), Moved(5, 8, False)),
        (Edit(7, 7, "()"), Moved(4, 7, False)),
        (Edit(7, 7, "s"), Moved(4, 7, True)),
        (Edit(7, 7, " s"), Moved(4, 7, False)),
        (Edit(5, 5, "x"), Moved(4, 8, True)),
        (Edit(5, 6, ""), Moved(4, 6, True)),
        (Edit(2, 5, "zz"), Moved(4, 6, True)),
        (Edit(6, 9, "zz"), Moved(4, 6, True)),
        (Edit(5, 5, ""), Moved(4, 7, False)),
        (Edit(4, 7, "all"), None),
        (Edit(0, 4, ""), Moved(0, 3, False)),
    ],
)
def test_one_edit_at_an_anchor(edit: Edit, expected: Moved | None) -> None:
    assert move(4, 7, [edit]) == expected


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=texts, data=st.data())
def test_positions_are_those_of_the_editor(encoding: Encoding, text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    lines = split_lines(text[:offset])
    if lines and lines[-1].endswith(("\n", "\r")) and text[offset - 1 : offset + 1] != "\r\n":
        lines.append("")
    last = lines[-1].removesuffix("\r") if lines else ""
    units = len(last.encode(UNITS[encoding])) // WIDTH[encoding]
    position = to_position(text, offset, encoding)
    assert position == Position(line=max(len(lines) - 1, 0), character=units)
    inside_crlf = text[max(offset - 1, 0) : offset + 1] == "\r\n"
    assert to_offset(text, position, encoding) == offset - inside_crlf


def test_lines_of_a_long_text_begin_where_its_lines_do() -> None:
    long = "ab\r\nc\rd\n\u2028\f\n" * 1_500
    lines = split_lines(long)
    starts = list(accumulate(map(len, lines), initial=0))
    assert [line_start(long, line) for line in range(len(lines) + 2)] == [*starts, len(long)]


def test_lines_after_a_last_one_without_an_end_do_not_touch_it() -> None:
    assert place("a\nfoo", "foo", difference("a\nfoo", "a\nfoo\nbar")) == ("foo", False)


def test_what_lies_beyond_is_clipped_and_what_is_turned_round_is_turned_back() -> None:
    far = Range(start=Position(line=9, character=9), end=Position(line=0, character=99))
    assert content_change("ab\ncd", far, "x", "utf-16") == Edit(2, 5, "x")
    assert content_change("ab\r\ncd", None, "x", "utf-16") == Edit(0, 6, "x")


def test_a_column_inside_a_surrogate_pair_is_before_it() -> None:
    inside = Range(start=Position(line=0, character=2), end=Position(line=0, character=3))
    assert content_change("a😀b", inside, "", "utf-16") == Edit(1, 2, "")


SOURCE = """\
import os


def read(path, mode):
    handle = open(path, mode)
    value = handle.read()
    return value


def write(path, value):
    handle = open(path, "w")
    handle.write(value)
    return value
"""


@pytest.mark.parametrize(
    ("changes", "anchor", "expected"),
    [
        ([("import os\n", "import os\nimport re\n")], "value = handle.read()", ("value = handle.read()", False)),
        ([("    value = h", "        value = h")], "value = handle.read()", ("value = handle.read()", False)),
        ([("    value = h", "    # value = h")], "value = handle.read()", ("value = handle.read()", False)),
        ([("\n", "\r\n")], "value = handle.read()", ("value = handle.read()", False)),
        ([("handle", "stream")], "value = handle.read()", ("value = stream.read()", True)),
        ([("handle.read()", "handle.read(1)")], "value = handle.read()", ("value = handle.read(1)", True)),
        ([("    value = handle.read()\n", "")], "value = handle.read()", None),
        ([("    value = handle.read()\n", "    print(1, 2, 3)\n")], "value = handle.read()", None),
        ([("open(path, mode)", "open(\n        path,\n        mode,\n    )")], "open(path, mode)",
         ("open(\n        path,\n        mode,\n    )", True)),
        ([("def write", "def copy(a, b):\n    return value\n\n\ndef write")], "def write(path, value):",
         ("def write(path, value):", False)),
        ([("handle", "stream"), ("path", "name"), ("import os\n", "")], 'handle = open(path, "w")',
         (' = open(name, "w")', True)),
    ],
)  # fmt: skip
def test_anchors_in_a_text_that_changed_unseen(
    changes: list[tuple[str, str]], anchor: str, expected: tuple[str, bool] | None
) -> None:
    after = SOURCE
    for old, new in changes:
        after = after.replace(old, new)
    assert place(SOURCE, anchor, difference(SOURCE, after)) == expected
    assert place(SOURCE, anchor, refine(SOURCE, Edit(0, len(SOURCE), after))) == expected


def test_what_a_person_types_stays_as_it_is() -> None:
    at = SOURCE.index("handle")
    for edit in (Edit(at, at + 6, "handles"), Edit(at, at, SOURCE), Edit(0, len(SOURCE), "")):
        assert refine(SOURCE, edit) == (edit,)


def test_texts_in_which_every_line_repeats_are_compared_as_well() -> None:
    before, after = "}\n" * 20_000, "}\n" * 9_000 + "x\n" + "{\n}\n" * 9_000
    assert apply(before, difference(before, after)) == after


def test_a_log_gives_what_came_after_a_position() -> None:
    log = EditLog()
    first, second, third = (Edit(at, at, "x") for at in range(3))
    log.append([first])
    began = log.position
    log.append([second, third])
    assert log.since(began) == (second, third)
    log.forget(began)
    assert (log.since(began), log.position) == ((second, third), 3)
    log.forget(0)
    assert log.since(log.position) == ()
    for unknown in (0, 4):
        with pytest.raises(LookupError):
            log.since(unknown)
