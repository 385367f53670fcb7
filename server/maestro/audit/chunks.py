"""Pieces of a document that are reviewed one by one."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from maestro.audit.source import AuditSource
from maestro.audit.symbols import parse_python

MAX_CHARS = 24_000
"""About six thousand tokens."""

_OUTLINE = re.compile(
    r"^(?:import|from|use|using|package|module|#include|require|export|class|def|async def|func|fn|function"
    r"|public|private|interface|struct|type|const)\b"
)
_OUTLINE_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines `first_line` to `last_line` (zero-based, inclusive)."""

    id: str
    symbol: str
    first_line: int
    last_line: int
    code: str = field(repr=False)


def split(source: AuditSource, limit: int = MAX_CHARS, lines: tuple[int, int] | None = None) -> list[Chunk]:
    """The document, or its lines from the first to the last named, as chunks in order that leave out no line.

    A unit longer than `limit` characters is cut at line ends.
    """
    first, last = lines or (0, len(source.lines) - 1)
    bounds = [
        (max(start, first), min(end, last + 1))
        for start, end in _bounds(source, limit)
        if start <= last and first < end
    ]
    return [_chunk(source, number, start, end) for number, (start, end) in enumerate(bounds, 1)]


def outline(source: AuditSource) -> str:
    """The read-only skeleton beside a part of a file: its imports and signatures."""
    lines = [line.rstrip() for line in source.lines if len(line) < 300 and _OUTLINE.match(line.strip())]
    return "\n".join(lines)[:_OUTLINE_CHARS]


def _bounds(source: AuditSource, limit: int) -> Iterator[tuple[int, int]]:
    first = end = 0
    for boundary in [*_boundaries(source), len(source.lines)]:
        if end > first and _size(source, first, boundary) > limit:
            yield first, end
            first = end
        while first < boundary and _size(source, first, boundary) > limit:
            cut = _cut(source, first, limit)
            yield first, cut
            first = cut
        end = boundary
    if end > first:
        yield first, end


def _cut(source: AuditSource, first: int, limit: int) -> int:
    end = first + 1
    while end < len(source.lines) and _size(source, first, end + 1) <= limit:
        end += 1
    return end


def _size(source: AuditSource, first: int, end: int) -> int:
    return source.offset(end) - source.offset(first)


def _boundaries(source: AuditSource) -> Iterator[int]:
    """Where a top-level unit begins: by the syntax tree for Python, after blank lines before column 0 elsewhere."""
    tree = parse_python(source.plain) if source.language == "python" else None
    if tree is not None:
        yield from (line for line in map(_first_line, tree.body) if line > 0)
        return
    for number in range(1, len(source.lines)):
        line = source.lines[number]
        if line[:1].strip() and line[0] not in "})]" and not source.lines[number - 1].strip():
            yield number


def _first_line(statement: ast.stmt) -> int:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return min([statement.lineno, *(d.lineno for d in statement.decorator_list)]) - 1
    return statement.lineno - 1


def _chunk(source: AuditSource, number: int, first: int, end: int) -> Chunk:
    return Chunk(f"c{number}", "", first, end - 1, "\n".join(source.lines[first:end]))
