"""Where findings are while their text changes: edits, and anchors moved through them."""

from collections.abc import Iterable
from typing import NamedTuple

from maestro.audit.moving.offsets import to_offsets
from maestro.positions import Encoding
from maestro_protocol.chat import Range


class Edit(NamedTuple):
    """What stands from `start` to `end` becomes `text`. Code points of the raw text before this edit."""

    start: int
    end: int
    text: str


class Moved(NamedTuple):
    """Where an anchor is now. `touched`: something inside it changed, or its first or last word did."""

    start: int
    end: int
    touched: bool


def content_change(text: str, range_: Range | None, new_text: str, encoding: Encoding) -> Edit:
    """One change of `textDocument/didChange` against the text before it; without a range it is the whole text."""
    start, end = to_offsets(text, range_, encoding) if range_ else (0, len(text))
    return Edit(start, end, new_text)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text after the edits, each against what those before it left."""
    for edit in edits:
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def move(start: int, end: int, edits: Iterable[Edit]) -> Moved | None:
    """Where an anchor is after the edits, in order; None if nothing of it is left.

    What is inserted at its start pushes it on, at its end leaves it. What replaces a part that reaches its start or
    its end does not belong to it.
    """
    touched = False
    for edit in edits:
        gained = len(edit.text) - (edit.end - edit.start)
        if edit.end <= start:
            touched = touched or (edit.end == start and _is_word(edit.text[-1:]))
            start, end = start + gained, end + gained
        elif edit.start >= end:
            touched = touched or (edit.start == end and _is_word(edit.text[:1]))
        elif edit.start <= start and edit.end >= end:
            return None
        else:
            touched = touched or edit.start < edit.end or edit.text != ""
            start, end = _what_is_left(start, end, edit, gained)
    return Moved(start, end, touched)


def _what_is_left(start: int, end: int, edit: Edit, gained: int) -> tuple[int, int]:
    if edit.start <= start:
        return edit.start + len(edit.text), end + gained
    return start, edit.start if edit.end >= end else end + gained


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


class EditLog:
    """The edits of one document since it was opened; who waits for something remembers the position it began at."""

    def __init__(self) -> None:
        self._edits: list[Edit] = []
        self._forgotten = 0

    @property
    def position(self) -> int:
        """How many edits there were so far."""
        return self._forgotten + len(self._edits)

    def append(self, edits: Iterable[Edit]) -> None:
        self._edits += edits

    def since(self, position: int) -> tuple[Edit, ...]:
        """The edits after a position.

        Raises:
            LookupError: they were forgotten, or the position is of another log.
        """
        if not self._forgotten <= position <= self.position:
            raise LookupError(f"the edits since {position} are not in this log")
        return tuple(self._edits[position - self._forgotten :])

    def forget(self, position: int) -> None:
        """Drop the edits before a position: nobody will ask for them."""
        count = min(max(position - self._forgotten, 0), len(self._edits))
        del self._edits[:count]
        self._forgotten += count
