"""What makes two texts the same to an auditor: nothing but the code counts."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache

from maestro.audit.code.directives import find_directives
from maestro.audit.code.lexer import Piece, find_pieces
from maestro.audit.source import AuditSource

_INDENT, _DEDENT = "\x01", "\x02"
_TAB = 8
_PYTHON_TOKEN = re.compile(r"\n[ \t\f]*+|\\\n|\w+|[^\w\s]")
# Pairs of signs that would mean something else with a space between them.
_TOKEN = re.compile(r"\n|\\\n|\w+|\+\+|--|&&|<-|\?\.|[^\w\s]")
# A line of a preprocessor, in which spaces mean something.
_DIRECTIVE_TOKEN = re.compile(rf"^[ \t]*#(?:\\\n|[^\n])*+|{_TOKEN.pattern}", re.M)
_LINE_TOKEN = re.compile(r"\n|[^\n]++")
_FREE_FORM = frozenset(
    {"c", "cpp", "cuda-cpp", "objective-c", "objective-cpp", "csharp", "java", "rust", "php", "dart", "zig"}
)
_BY_LINES = frozenset({"javascript", "javascriptreact", "typescript", "typescriptreact", "go", "kotlin"})
"""Where a newline may end a statement, except in parentheses."""
_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_OPENING, _CLOSING, _CONTINUES = frozenset("([{"), frozenset(")]}"), frozenset({"", *"([{,;"})

_MOST_KNOWN = 4_096
_known: dict[tuple[str, str], str] = {}
"""Of code by its language and text: between two audits of a document most of it stays."""


def normalise(source: AuditSource, first_line: int, last_line: int) -> str:
    """The code of the lines as one text that whitespace, comments and line ends without a meaning leave as it is.

    Directives to tools count, as does what strings hold. Where we do not know what a space means, every one counts
    but those at line ends.
    """
    start, end = source.offset(first_line), source.offset(last_line, len(source.lines[last_line]))
    if _is_inside_a_piece(source, start):
        return _normalised(source, start, end)
    key = source.language, source.plain[start:end]
    if (known := _known.get(key)) is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        known = _known[key] = _normalised(source, start, end)
    return known


def _is_inside_a_piece(source: AuditSource, offset: int) -> bool:
    """Whether code here depends on what stands before it."""
    number = bisect_left(_starts(source), offset) - 1
    return number >= 0 and find_pieces(source)[number].end > offset


def _normalised(source: AuditSource, start: int, end: int) -> str:
    if source.language == "python":
        first_line = source.plain[start:end].partition("\n")[0]
        return " ".join(_python(_tokens(source, _PYTHON_TOKEN, start, end), first_line))
    if source.language in _FREE_FORM:
        return " ".join(_free_form(_tokens(source, _DIRECTIVE_TOKEN, start, end)))
    if source.language in _BY_LINES:
        return " ".join(_by_lines(_tokens(source, _TOKEN, start, end)))
    lines = "".join(_tokens(source, _LINE_TOKEN, start, end)).split("\n")
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _python(tokens: Iterator[str], first_line: str) -> Iterator[str]:
    """With marks for newlines, indents and dedents; the first line's indentation means nothing."""
    indents: list[int] = []
    depth = 0
    space = "\n" + first_line[: len(first_line) - len(first_line.lstrip())]
    for token in tokens:
        first = token[0]
        if first == "\n":
            space = space if depth else token
        elif first == "#":
            yield token
        elif first != "\\":
            if space:
                yield from _change(indents, _width(space))
                space = ""
            if token in _DEPTH:
                depth = max(0, depth + _DEPTH[token])
            yield token


def _change(indents: list[int], width: int) -> Iterator[str]:
    if not indents:
        indents.append(width)
        return
    yield "\n"
    while indents and indents[-1] > width:
        indents.pop()
        yield _DEDENT
    if not indents or indents[-1] < width:
        indents.append(width)
        yield _INDENT


@lru_cache(maxsize=256)
def _width(space: str) -> int:
    return len(space.lstrip("\n\f").expandtabs(_TAB))


def _free_form(tokens: Iterator[str]) -> Iterator[str]:
    for token in tokens:
        if token.lstrip().startswith("#"):
            yield f"\n{' '.join(token.split())}\n"
        elif not token.isspace() and token != "\\\n":
            yield token


def _by_lines(tokens: Iterator[str]) -> Iterator[str]:
    around: list[str] = []
    before, newline = "", False
    for token in tokens:
        if token.isspace():
            newline = newline or (token == "\n" and (not around or around[-1] == "{"))
            continue
        if newline and before not in _CONTINUES and token not in _CLOSING:
            yield "\n"
        newline = False
        if token in _OPENING:
            around.append(token)
        elif token in _CLOSING and around:
            around.pop()
        before = token
        yield token


@lru_cache(maxsize=8)
def _starts(source: AuditSource) -> list[int]:
    return [piece.start for piece in find_pieces(source)]


def _tokens(source: AuditSource, pattern: re.Pattern[str], start: int, end: int) -> Iterator[str]:
    """Code cut by the pattern, strings whole, of comments the directives."""
    pieces = find_pieces(source)
    number = max(0, bisect_left(_starts(source), start) - 1)
    at = start
    while number < len(pieces) and pieces[number].start < end:
        piece = pieces[number]
        number += 1
        if piece.end <= at:
            continue
        yield from pattern.findall(source.plain, at, max(at, piece.start))
        yield from _of_piece(source.plain, piece, at, end)
        at = min(piece.end, end)
    yield from pattern.findall(source.plain, at, end)


def _of_piece(text: str, piece: Piece, start: int, end: int) -> Iterator[str]:
    if piece.kind == "string":
        yield text[max(piece.start, start) : min(piece.end, end)]
        return
    for first, last in find_directives(text, piece.start, piece.end):
        yield text[first:last]
    if piece.kind == "block":
        yield "\n" if "\n" in text[piece.start : piece.end] else " "
