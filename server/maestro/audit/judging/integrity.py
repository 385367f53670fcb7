"""What no model should be asked: characters nobody sees, and imitations of our own frame."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from maestro.audit.asking.prompt import MARKER
from maestro.audit.asking.wire import WireFinding
from maestro.audit.judging.hidden import hidden_spans, without_hidden
from maestro.audit.source import AuditSource, Span

_MAX_FINDINGS = 20
# What can stand inside a marker that is put together from pieces, and what looks like its hyphens.
_GLUE = r"[\s\"'`+\\.,#/*|>]{0,20}"
_HYPHENS = r"[-\u2010-\u2015\u2043\u2212]+"
_IMITATION = re.compile(_GLUE.join(_HYPHENS if letter == "-" else letter for letter in MARKER.casefold()))
# Letters of other scripts that look like those of the marker.
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0455\u0442\u0456\u043c\u03bc\u03b1\u03b5\u03bf\u03c4\u03b9", "aeostimmaeoti"
)


class Located(NamedTuple):
    """A claim that needs no search: its quote is the text at the span, a whole line."""

    span: Span
    claim: WireFinding


def check_integrity(source: AuditSource) -> list[WireFinding]:
    """Findings without a model: at most twenty, from top to bottom."""
    return [located.claim for located in locate(source)]


def locate(source: AuditSource) -> list[Located]:
    """The same with their places; a line of hidden characters alone cannot be found by its words."""
    claims = [*_hidden(source), *_imitations(source)]
    return sorted(claims, key=lambda located: located.span)[:_MAX_FINDINGS]


def _hidden(source: AuditSource) -> Iterator[Located]:
    last = -1
    for start, _ in hidden_spans(source.plain):
        number = source.span(start, start).start_line
        if number != last:
            yield _located(source, number, *_about_hidden(source.plain[start]), fix=_seen(source, number))
        last = number


def _about_hidden(character: str) -> tuple[str, str, str]:
    name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
    why = f"The line holds a character that is not drawn ({name}): what runs is not what is read."
    return "hidden-text", "Hidden characters in this line", why


def _seen(source: AuditSource, number: int) -> str:
    """The line as it is read; one of which nothing is left is deleted."""
    # Behind a line break there is no byte order mark.
    before = "\n" if number else ""
    return without_hidden(before + source.lines[number]).removeprefix(before) or "\n"


def _imitations(source: AuditSource) -> Iterator[Located]:
    folded, offsets = _fold(source.plain)
    lines = {source.span(at, at).start_line: None for at in (offsets(m.start()) for m in _IMITATION.finditer(folded))}
    for number in lines:
        why = "The line imitates the frame around audited code, which only an attempt to mislead an audit needs."
        yield _located(source, number, "imitated-marker", "Text imitates an audit request", why)


def _located(source: AuditSource, number: int, rule: str, title: str, why: str, fix: str = "") -> Located:
    line = source.lines[number]
    claim = WireFinding(
        quote=line, line=number + 1, why=why, rule=rule, severity="high", confidence="high", title=title, fix=fix
    )
    return Located(Span(number, 0, number, len(line)), claim)


def _fold(text: str) -> tuple[str, Callable[[int], int]]:
    """The text as a model may take it, without case, width and hidden characters; and where its offsets came from."""
    if text.isascii():
        return text.lower(), lambda offset: offset
    pieces = [character.lower() if character.isascii() else _fold_character(character) for character in text]
    starts = list(accumulate(map(len, pieces), initial=0))
    return "".join(pieces), lambda offset: bisect_right(starts, offset) - 1


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    if unicodedata.category(character) in ("Cf", "Mn"):
        return ""
    return unicodedata.normalize("NFKC", character).casefold().translate(_LOOKALIKES)
