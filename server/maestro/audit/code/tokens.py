"""Code as tokens, and the whole statement around a place: what a reformatter leaves as it is."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from maestro.audit.code.lexer import find_pieces
from maestro.audit.code.syntaxes import comment_syntax
from maestro.audit.source import AuditSource, Span

Kind: TypeAlias = Literal["string", "comment", "number", "name", "newline", "operator"]

_CODE = re.compile(
    r"(?P<number>\d[\w.]*)|(?P<name>(?:[^\W\d]|\$)[\w$]*|[\ue000-\uf8ff]+)|(?P<newline>\n)"
    r"|(?P<operator>\+\+|--|[=!<>:+*/%&|^-]=+|->|=>|::|\?\.|&&|\|\||\S)"
)
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
# Where lines end statements, these show that one goes on: at the end of its line, or at the beginning of the next one.
_GOES_ON = re.compile(r"(?:[=!<>+*/%&|^-]=+|[=+*/%&|^<.?,\\-]|->|=>|::|\?\.|&&|\|\|)\Z")
_FOLLOWS = re.compile(r"(?:[=!<>+*/%&|^-]=+|[+*/%|<>.?:)\]-]|\?\.|&&|\|\|)\Z")
# A brace behind these opens a value, elsewhere a block.
_BEFORE_LITERAL = frozenset({"(", "[", ",", "=", ":", "?", "return", "&&", "||", "??"})


class Token(NamedTuple):
    """A word of code at its offsets in the text."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def is_code(self) -> bool:
        """Not a comment, and nothing that is only there for the layout."""
        return self.kind not in ("newline", "comment") and self.text != "\\"


def tokenise(text: str, language: str) -> Iterator[Token]:
    """The tokens of the text with its comments and line ends; whatever is between them is blank."""
    at = len(text) - len(text.removeprefix("\ufeff"))
    for piece in find_pieces(AuditSource("", text, language)):
        yield from _code(text, at, piece.start)
        yield Token(
            "string" if piece.kind == "string" else "comment", text[piece.start : piece.end], piece.start, piece.end
        )
        at = piece.end
    yield from _code(text, at, len(text))


def _code(text: str, start: int, end: int) -> Iterator[Token]:
    for found in _CODE.finditer(text, start, end):
        kind: Kind = found.lastgroup  # type: ignore[assignment]
        yield Token(kind, found[0], found.start(), found.end())


def statement(source: AuditSource, span: Span) -> str:
    """The whole statements that the span touches: a compound one without its block."""
    found = _touched(source, span)
    return source.plain[slice(*found)] if found else ""


def statement_lines(source: AuditSource, line: int) -> tuple[int, int]:
    """The first and the last line of the statements on a line; the line itself where none is."""
    found = _touched(source, Span(line, 0, line, len(source.lines[line])))
    span = source.span(*found) if found else Span(line, 0, line, 0)
    return span.start_line, span.end_line


def code_start(source: AuditSource) -> int:
    """The offset of the first code; the end where there is none."""
    starts, _ = _statements(source)
    return starts[0] if starts else len(source.plain)


def _touched(source: AuditSource, span: Span) -> tuple[int, int] | None:
    starts, ends = _statements(source)
    begin, end = source.offset(span.start_line, span.start), source.offset(span.end_line, span.end)
    first, last = bisect_right(ends, begin), bisect_left(starts, end) - 1
    return (starts[first], ends[last]) if first <= last else None


@lru_cache(maxsize=2)
def _statements(source: AuditSource) -> tuple[list[int], list[int]]:
    """Where statements start and where they end, in order."""
    starts: list[int] = []
    ends: list[int] = []
    end = 0
    for token, is_last in _with_ends(list(tokenise(source.plain, source.language)), source.language):
        if token.is_code:
            if len(starts) == len(ends):
                starts.append(token.start)
            end = token.end
        if is_last and len(starts) > len(ends):
            ends.append(end)
    return starts, ends if len(starts) == len(ends) else [*ends, end]


def _with_ends(tokens: Sequence[Token], language: str) -> Iterator[tuple[Token, bool]]:
    """Every token, and whether a statement ends with it."""
    python, syntax = language == "python", comment_syntax(language)
    like_c = syntax is not None and "//" in syntax.lines
    open_: list[str] = []
    before = ""
    for token, next_ in zip(tokens, _following(tokens), strict=True):
        block = token.text == "{" and not python and before not in _BEFORE_LITERAL
        closed = open_.pop() if open_ and _closes(token) else ""
        if _opens(token):
            open_.append("block" if block else token.text)
        inside = bool(open_) and open_[-1] != "block"
        if token.kind == "newline":
            goes_on = before == "\\" or (like_c and bool(_GOES_ON.match(before) or _FOLLOWS.match(next_)))
        else:
            goes_on = token.text != ";" and not block and closed != "block"
        yield token, not inside and not goes_on
        if token.kind != "comment" and (token.kind != "newline" or not like_c):
            before = token.text


def _opens(token: Token) -> bool:
    """A bracket, or a text that goes on behind a hole."""
    return token.text in _OPENING if token.kind == "operator" else token.kind == "string" and token.text.endswith("${")


def _closes(token: Token) -> bool:
    return token.text in _CLOSING if token.kind == "operator" else token.kind == "string" and token.text[0] == "}"


def _following(tokens: Sequence[Token]) -> list[str]:
    """For every token the text of the next one that is code."""
    texts, next_ = [], ""
    for token in reversed(tokens):
        texts.append(next_)
        if token.is_code:
            next_ = token.text
    return texts[::-1]
