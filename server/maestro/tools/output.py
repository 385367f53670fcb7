"""What tools return: cut in the middle where it is too long, and without secrets."""

import re
from collections.abc import Collection

from maestro.audit.secrets import mask, merge
from maestro.redact import MASK
from maestro.secret_shapes import key_pattern
from maestro.workspace.held import held_spans

_SHAPES = re.compile(key_pattern(8, also="*."))
_BEGIN_KEY = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
_END_KEY = re.compile(r"-----END [A-Z ]{0,30}PRIVATE KEY-----")
_LINE_END = re.compile(r"[\r\n]")
_EDGE = 4_096
"""Characters beside a cut in which its line may begin or end."""
_LONGEST_SECRET = 512


def hide(text: str, known: Collection[str] = ()) -> str:
    """The text with its secrets replaced: those that look like one, and the `known` ones, also in other forms.

    Not by `maestro.redact`, which takes the value of every `code=` and `key=`: in code and in what compilers print
    these are no secrets.
    """
    return _SHAPES.sub(MASK, mask(withhold(text, known)).text)


def withhold(text: str, known: Collection[str]) -> str:
    """The text with only the `known` values replaced, whatever form they have."""
    pieces, at = [], 0
    for start, end in merge(held_spans(text, known)):
        pieces += [text[at:start], MASK]
        at = end
    return "".join([*pieces, text[at:]])


def shortened(text: str, limit: int, known: Collection[str] = ()) -> str:
    """The text with its secrets hidden, of about `limit` bytes of UTF-8: of more, the beginning and the end."""
    capture = Capture(limit)
    capture.add(text.encode("utf-8", "replace"))
    return capture.text(known)


def first_lines(lines: Collection[str], limit: int) -> list[str]:
    """As many of the lines as fit into `limit` bytes."""
    kept: list[str] = []
    for line in lines:
        limit -= len(line.encode("utf-8", "replace")) + 1
        if limit < 0:
            break
        kept.append(line)
    return kept


class Capture:
    """The first and the last bytes of an output, in memory that does not grow with it."""

    def __init__(self, limit: int) -> None:
        self._head_room = limit // 2
        self._tail_room = limit - self._head_room
        self._head = bytearray()
        self._tail = bytearray()
        self._size = 0

    def add(self, data: bytes) -> None:
        self._size += len(data)
        room = self._head_room - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room else data
        if len(self._tail) > 2 * self._tail_room:
            del self._tail[: -self._tail_room]

    def text(self, known: Collection[str] = ()) -> str:
        """What was kept, decoded, without secrets; says how much is missing between.

        The edges of the gap are moved to the ends of lines, so that no half of a secret stays, which nothing would
        recognise.
        """
        if self._size <= self._head_room + self._tail_room:
            return hide((self._head + self._tail).decode("utf-8", "replace"), known)
        tail = bytes(self._tail[-self._tail_room :])
        head_text = _until_line_end(self._head.decode("utf-8", "replace"))
        tail_text = _from_line_start(tail.decode("utf-8", "replace"))
        left_out = self._size - len(head_text.encode()) - len(tail_text.encode())
        gap = f"\n[… {left_out:,} bytes left out …]\n"
        return hide(head_text.rstrip("\r\n"), known) + gap + hide(tail_text, known)


def _until_line_end(text: str) -> str:
    ends = [found.end() for found in _LINE_END.finditer(text, max(0, len(text) - _EDGE))]
    return text[: ends[-1]] if ends else text[: max(0, len(text) - _LONGEST_SECRET)]


def _from_line_start(text: str) -> str:
    end = _LINE_END.search(text, 0, _EDGE)
    text = text[end.end() :] if end else text[_LONGEST_SECRET:]
    closing = _END_KEY.search(text)
    opening = _BEGIN_KEY.search(text)
    if closing and not (opening and opening.start() < closing.start()):
        return text[closing.end() :]
    return text


class Printer:
    """Makes what comes in pieces fit to be shown at once: whole lines, without secrets."""

    _LONGEST = 16_384
    """Characters; a line, or a key in several lines, that is longer is not shown."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._held = ""
        self._skipping = False

    def add(self, text: str) -> str:
        """What can be shown now."""
        self._held += text
        ready = self._take(self._complete())
        if len(self._held) > self._LONGEST:
            self._held, self._skipping = "", True
        return ready

    def rest(self) -> str:
        """What is left when the output has ended."""
        return self._take(len(self._held))

    def _complete(self) -> int:
        """How much of what is held is whole lines, outside a key that has not ended."""
        end = max(self._held.rfind("\n"), self._held.rfind("\r")) + 1
        openings = list(_BEGIN_KEY.finditer(self._held))
        if openings and not _END_KEY.search(self._held, openings[-1].end(), end):
            return min(end, openings[-1].start())
        return end

    def _take(self, end: int) -> str:
        ready, self._held = self._held[:end], self._held[end:]
        if self._skipping and ready:
            self._skipping = False
            ready = "[a long line is not shown]" + _from_its_end(ready)
        return hide(ready, self._known)


def _from_its_end(text: str) -> str:
    """From the end of a line whose beginning was dropped, or of the key that it was."""
    if closing := _END_KEY.search(text):
        return text[closing.end() :]
    end = _LINE_END.search(text)
    return text[end.start() :] if end else ""
