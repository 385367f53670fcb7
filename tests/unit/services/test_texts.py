"""Documents are followed step by step, and what the editor shows goes before whatever was read earlier."""

from collections.abc import Sequence

import pytest

from maestro.audit.moving.edits import Edit, apply
from maestro.editor import Document
from maestro.services.texts import Text, Texts
from maestro_protocol.chat import Position, Range
from tests.unit.audit.editor import MemoryEditor

URI = "file:///work/a.py"


class Desk:
    def __init__(self, text: str = "one\ntwo\n", *, opened: bool = True) -> None:
        self.editor = MemoryEditor()
        self.texts = Texts(self.editor)
        self.told: list[tuple[int | None, str, Sequence[Edit], bool]] = []
        self.texts.listen(self._hear)
        if opened:
            self.editor.open(URI, text)
        self.read = Document(URI, text, "python", 1 if opened else None)

    def _hear(self, text: Text, edits: Sequence[Edit]) -> None:
        self.told.append((text.version, text.text, edits, text.closed))

    def type(self, line: int, column: int, new: str) -> None:
        document = self.editor.documents[URI]
        at = len("".join(document.text.splitlines(keepends=True)[:line])) + column
        text = document.text[:at] + new + document.text[at:]
        self.editor.documents[URI] = Document(URI, text, "python", (document.version or 0) + 1)
        place = Position(line=line, character=column)
        self.texts.changed(URI, [(Range(start=place, end=place), new)])


def test_each_change_is_told_as_the_edit_it_is() -> None:
    desk = Desk()
    desk.texts.follow(desk.read)
    desk.type(1, 3, "!")
    assert desk.told == [(2, "one\ntwo!\n", [Edit(7, 7, "!")], False)]


def test_nobody_hears_of_documents_that_are_not_followed() -> None:
    desk = Desk()
    desk.type(0, 0, "x")
    desk.texts.opened(URI)
    desk.texts.closed(URI)
    assert (desk.told, desk.texts.get(URI), desk.texts.all) == ([], None, {})


def test_what_was_read_before_the_last_change_does_not_come_back() -> None:
    desk = Desk()
    desk.texts.follow(desk.read)
    desk.type(0, 0, "x")
    text = desk.texts.follow(desk.read)
    assert (text.text, text.version) == ("xone\ntwo\n", 2)
    assert Texts(desk.editor).follow(desk.read).version == 2


def test_what_was_read_before_it_was_closed_does_not_open_it() -> None:
    desk = Desk()
    known = desk.texts.follow(desk.read)
    desk.type(0, 0, "x")
    desk.editor.close(URI)
    desk.texts.closed(URI)
    for text in (desk.texts.follow(desk.read), Texts(desk.editor).follow(desk.read)):
        assert (text.version, text.closed) == (None, True)
    assert known.text == "xone\ntwo\n"


def test_a_file_read_before_it_was_opened_does_not_close_it() -> None:
    desk = Desk(opened=False)
    desk.texts.follow(desk.read)
    desk.editor.open(URI, "other\n", version=5)
    desk.texts.opened(URI)
    text = desk.texts.follow(desk.read)
    assert (text.text, text.version, text.closed) == ("other\n", 5, False)


def test_a_file_that_changed_is_told_as_the_difference() -> None:
    desk = Desk(opened=False)
    desk.texts.follow(desk.read)
    desk.texts.follow(Document(URI, "one\nnew\ntwo\n", "python", None))
    [(version, text, edits, _)] = desk.told
    assert (version, apply("one\ntwo\n", edits)) == (None, text)


def test_a_snapshot_tells_what_happened_since_and_is_forgotten() -> None:
    desk = Desk()
    first = desk.texts.snapshot(desk.read)
    desk.type(0, 0, "x")
    second = desk.texts.snapshot(desk.read)
    desk.type(0, 1, "y")
    assert [edit.text for edit in first.edits] == ["x", "y"]
    assert [edit.text for edit in second.edits] == ["y"]
    assert first.now.text != first.source.text
    assert first.source.text == "one\ntwo\n"
    desk.texts.release(first)
    assert [edit.text for edit in second.edits] == ["y"]
    with pytest.raises(LookupError):
        _ = first.edits
    desk.texts.release(second)
    assert desk.texts._snapshots == {}
    desk.type(0, 0, "z")
    assert first.now.log.position == 2, "nobody waits for edits"


def test_stretches_of_lines_move_with_the_text() -> None:
    desk = Desk("one\ntwo\nthree\n")
    snapshot = desk.texts.snapshot(desk.read)
    assert snapshot.stretches([(0, 0), (1, 2)]) == [(0, 4), (4, 14)]
    desk.type(1, 0, "new\n")
    assert snapshot.stretches([(0, 0), (1, 2)]) == [(0, 4), (8, 18)]
    desk.editor.change(URI, "one\nnew\n")
    desk.texts.changed(URI, [(None, "one\nnew\n")])
    assert snapshot.stretches([(1, 2)]) == []


def test_whole_lines_of_a_formatter_are_told_as_what_changed_in_them() -> None:
    desk = Desk("a = 1\nb=2\nc = 3\n")
    desk.texts.follow(desk.read)
    formatted = "a = 1\nb = 2\nc = 3\n"
    desk.editor.change(URI, formatted)
    desk.texts.changed(URI, [(None, formatted)])
    [(_, text, edits, _)] = desk.told
    assert apply("a = 1\nb=2\nc = 3\n", edits) == text == formatted
    assert all("a" not in edit.text and "c" not in edit.text for edit in edits)


def test_what_changes_do_not_explain_is_made_up_for() -> None:
    desk = Desk()
    desk.texts.follow(desk.read)
    desk.editor.change(URI, "something else\n")
    desk.texts.changed(URI, [])
    assert desk.texts.get("file:///work/%61.py") is desk.texts.get(URI)
    assert desk.told[-1][1] == "something else\n"


def test_reopening_is_told_even_without_a_difference_and_forgetting_ends_it() -> None:
    desk = Desk()
    text = desk.texts.follow(desk.read)
    desk.editor.close(URI)
    desk.texts.closed(URI)
    desk.editor.open(URI, "one\ntwo\n", version=1)
    desk.texts.opened(URI)
    assert [(version, closed) for version, _, _, closed in desk.told] == [(None, True), (1, False)]
    assert not text.closed
    desk.texts.forget(URI)
    assert desk.texts.get(URI) is None
