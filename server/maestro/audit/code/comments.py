"""The comments of a document: what they say, and the document without it."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from maestro.audit.code.directives import find_directives
from maestro.audit.code.lexer import Piece, blank, find_pieces
from maestro.audit.code.syntaxes import Syntax as Syntax
from maestro.audit.code.syntaxes import comment_syntax as comment_syntax
from maestro.audit.source import AuditSource

_BRACED = frozenset({"javascriptreact", "typescriptreact"})


class Comment(NamedTuple):
    """Offsets in `source.plain`; the words without the marks around them."""

    start: int
    end: int
    words: str
    own_line: bool
    """Whether no code stands before it on its line."""


@lru_cache(maxsize=8)
def find_comments(source: AuditSource) -> tuple[Comment, ...]:
    """All comments in order; what stands in a string is none."""
    text = source.plain
    comments: list[Comment] = []
    at, own_line = len(text) - len(text.removeprefix("\ufeff")), True
    for piece in find_pieces(source):
        if piece.kind != "string":
            before = text[at : piece.start].rstrip(" \t\f")
            own_line = before.endswith("\n") if before else own_line
            at = piece.end
            comments.append(Comment(piece.start, piece.end, _words(text, piece), own_line))
    return tuple(comments)


def whole_place(source: AuditSource, comment: Comment) -> tuple[int, int]:
    """The offsets of a comment; among elements it is one only with the braces around it."""
    start, end, text = comment.start, comment.end, source.plain
    if source.language in _BRACED and text[start - 1 : start] == "{" and text[end : end + 1] == "}":
        return start - 1, end + 1
    return start, end


@lru_cache(maxsize=8)
def blank_comments(source: AuditSource) -> str:
    """The text with spaces for the words of comments: same length, same lines.

    Marks stay, so that a block with nothing but a comment looks like one, and directives to tools stay.
    """
    text = source.plain
    pieces, at = [], 0
    for start, end in _said(source):
        pieces += [text[at:start], blank(text[start:end])]
        at = end
    return "".join([*pieces, text[at:]])


def _words(text: str, piece: Piece) -> str:
    start, end = piece.inner
    mark = text[start - 1] if start else ""
    return text[start:end].strip().lstrip(mark).rstrip("*" if piece.kind == "block" else "").strip()


def _said(source: AuditSource) -> Iterator[tuple[int, int]]:
    """The spans of what comments say to people."""
    for piece in find_pieces(source):
        if piece.kind == "string":
            continue
        at, end = piece.inner
        for first, last in find_directives(source.plain, piece.start, piece.end):
            if first > at:
                yield at, first
            at = max(at, last)
        if at < end:
            yield at, end
