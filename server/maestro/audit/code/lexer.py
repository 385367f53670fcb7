"""Where comments and strings are in a text, in one pass."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from maestro.audit.code.syntaxes import Syntax, comment_syntax
from maestro.audit.source import AuditSource

_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+(?:`|\$\{)?", re.S)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/\w*+")
_WORD_BEFORE = re.compile(r"[\w$]+\Z")
_LONGEST_KEYWORD = 11
_LOOK_BACK = 400
# A slash after one of these cannot divide.
_OPERATORS = frozenset(
    "return typeof case in of delete void throw new do else instanceof yield await and or not if unless when".split()
)


class Piece(NamedTuple):
    """A comment or a string; `inner` is the span of a comment's words with the space around them."""

    start: int
    end: int
    kind: Literal["line", "block", "string"]
    inner: tuple[int, int]


@lru_cache(maxsize=8)
def find_pieces(source: AuditSource) -> tuple[Piece, ...]:
    """All comments and strings in order. What is in no language we know has none."""
    return tuple(scan(source.plain, source.language))


def scan(text: str, language: str) -> Iterator[Piece]:
    """The pieces of a text that is not kept, such as a quote."""
    syntax = comment_syntax(language)
    return _Scan(text, syntax, len(text)).pieces(0) if syntax is not None else iter(())


class _Scan:
    def __init__(self, text: str, syntax: Syntax, end: int) -> None:
        self._text = text
        self._syntax = syntax
        self._end = end
        self._code_end = 0
        """Where the code before a run of comments ends, if one was just passed."""
        self._comment_end = -1
        self._braces: list[int] = []
        """How many braces are open in each `${` around this place."""

    def pieces(self, at: int) -> Iterator[Piece]:
        find = self._syntax.pattern.search
        while (found := find(self._text, at, self._end)) is not None:
            kind = found.lastgroup
            if kind == "string":
                at = self._after_string(found)
                yield Piece(found.start(), at, "string", (at, at))
            elif kind in ("line", "block"):
                piece = self._line(found) if kind == "line" else self._block(found)
                self._pass_comment(piece)
                yield piece
                at = piece.end
            elif kind == "embed":
                at = self._end_of_element(found)
                embedded = next(filter(None, (comment_syntax(to) for name, to in self._syntax.embeds if found[name])))
                yield from _Scan(self._text, embedded, at).pieces(found.end())
            else:
                at = found.end()
                if (end := self._end_of_other(found, kind)) > at:
                    at = end
                    yield Piece(found.start(), at, "string", (at, at))

    def _after_string(self, found: re.Match[str]) -> int:
        """An apostrophe in a word (text in JSX) begins no string unless one ends on its line."""
        text, start, end = self._text, found.start(), found.end()
        stray = self._syntax.templates and found[0][0] == "'" and (end - start == 1 or text[end - 1] != "'")
        return start + 1 if stray and start and text[start - 1].isalpha() else end

    def _line(self, found: re.Match[str]) -> Piece:
        start, inner = found.span("mark_")
        return Piece(start, found.end(), "line", (inner, found.end()))

    def _block(self, found: re.Match[str]) -> Piece:
        opening = found[0]
        closing = next(close for start, close in self._syntax.blocks if start == opening)
        inner = self._block_end(opening, closing, found.end())
        end = min(inner + len(closing), self._end) if self._text.startswith(closing, inner) else inner
        return Piece(found.start(), end, "block", (found.end(), inner))

    def _block_end(self, opening: str, closing: str, at: int) -> int:
        """Where the closing mark is, or the end of the text."""
        if not self._syntax.nested:
            found = self._text.find(closing, at, self._end)
            return found if found >= 0 else self._end
        depth = 1
        for mark in re.compile(f"{re.escape(opening)}|{re.escape(closing)}").finditer(self._text, at, self._end):
            depth += 1 if mark[0] == opening else -1
            if not depth:
                return mark.start()
        return self._end

    def _end_of_element(self, found: re.Match[str]) -> int:
        name = next(name for name, _ in self._syntax.embeds if found[name])
        end = self._text.find(f"</{name}", found.end(), self._end)
        return end if end >= 0 else self._end

    def _end_of_other(self, found: re.Match[str], kind: str | None) -> int:
        """The end of a regular expression or of a part of a template; 0 for what is neither."""
        if kind == "slash":
            regex = _REGEX.match(self._text, found.start(), self._end)
            return regex.end() if regex is not None and self._may_begin_regex(found.start()) else 0
        if kind == "template" or (kind == "close" and self._braces and not self._braces[-1]):
            if kind == "close":
                self._braces.pop()
            part = _TEMPLATE.match(self._text, found.end(), self._end)
            end = part.end() if part is not None else found.end()
            if self._text.endswith("${", found.end(), end):
                self._braces.append(0)
            return end
        if self._braces and kind in ("open", "close"):
            self._braces[-1] += 1 if kind == "open" else -1
        return 0

    def _pass_comment(self, piece: Piece) -> None:
        if self._text[self._comment_end : piece.start].strip() or self._comment_end < 0:
            self._code_end = piece.start
        self._comment_end = piece.end

    def _may_begin_regex(self, at: int) -> bool:
        """Whether what stands before a slash cannot be divided."""
        before = self._text[max(0, at - _LOOK_BACK) : at]
        space = len(before) - len(before.rstrip())
        if at - space <= self._comment_end:
            at, space = self._code_end, 0
        before = self._text[max(0, at - space - _LOOK_BACK) : at - space].rstrip()
        if not before or not (before[-1].isalnum() or before[-1] in ")]}'\"`_$"):
            return True
        word = _WORD_BEFORE.search(before, max(0, len(before) - _LONGEST_KEYWORD - 1))
        return word is not None and word[0] in _OPERATORS


@lru_cache(maxsize=8)
def blank_pieces(source: AuditSource, strings: bool = True) -> str:
    """The text with spaces for its comments, and its strings if so wanted: same length, same lines."""
    text = source.plain
    parts, at = [], 0
    for piece in find_pieces(source):
        if strings or piece.kind != "string":
            parts += [text[at : piece.start], blank(text[piece.start : piece.end])]
            at = piece.end
    return "".join([*parts, text[at:]])


def blank(text: str) -> str:
    """Spaces as many as the text has characters, with its line ends."""
    return "\n".join(" " * len(line) for line in text.split("\n"))
