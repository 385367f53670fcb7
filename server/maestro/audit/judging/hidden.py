"""Characters nobody sees: which of them are there to deceive, and which a script or an emoji needs."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Bidirectional controls, zero-width and invisible operators, annotations, fillers that look like a space.
_ALWAYS = "\u180e\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
_JOINERS = "\u200c\u200d"
_MARKS = "\u061c\u200e\u200f"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_TAGS = "\U000e0000-\U000e007f"
_OLD_HANGUL = "\u115f\u1160"
_SUSPECT = re.compile(f"[{_TAGS}]+|[{_SELECTORS}]+|[{_JOINERS}]+|[{_ALWAYS}{_MARKS}{_OLD_HANGUL}]")
_KEYCAP = "0123456789#*"
_BLACK_FLAG, _END_OF_TAGS = "\U0001f3f4", "\U000e007f"
# Letters without case are those of scripts that need joiners; the rest are marks, emoji and their skin tones.
_JOINED = ("Lo", "Lm", "Mn", "Mc", "So", "Sk")


def hidden_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where such characters stand, in order; a byte order mark at the very start is none."""
    if text.isascii():
        return
    for found in _SUSPECT.finditer(text):
        if not _is_needed(text, found.start(), found[0]):
            yield found.span()


def without_hidden(text: str) -> str:
    """The text as it is seen."""
    pieces, at = [], 0
    for start, end in hidden_spans(text):
        pieces.append(text[at:start])
        at = end
    return "".join([*pieces, text[at:]])


def _is_needed(text: str, at: int, run: str) -> bool:
    before = text[at - 1 : at]
    if run == "\ufeff":
        return at == 0
    if run[0] in _JOINERS:
        return len(run) == 1 and before != "" and unicodedata.category(before) in _JOINED
    if run[0] in _MARKS:
        return _is_right_to_left(_line_at(text, at))
    if run[0] in _OLD_HANGUL:
        return any("\u1100" <= neighbour <= "\u11ff" for neighbour in (before, text[at + 1 : at + 2]))
    if "\U000e0000" <= run[0] <= _END_OF_TAGS:
        return before == _BLACK_FLAG and run.find(_END_OF_TAGS) == len(run) - 1 and len(run) <= 8
    return _is_selected(before, run)


def _is_selected(before: str, run: str) -> bool:
    """A selector chooses between forms of the character before it; two in a row, or one behind a letter, carry data."""
    if len(run) != 1 or not before:
        return False
    if before.isascii():
        return run in "\ufe0e\ufe0f" and before in _KEYCAP
    category = unicodedata.category(before)
    return category == "Lo" if run > "\uffff" else category[0] in "SMP" or category in ("Lo", "Nl", "No")


def _line_at(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)]


@lru_cache(maxsize=16)
def _is_right_to_left(line: str) -> bool:
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in line if character not in _MARKS)
