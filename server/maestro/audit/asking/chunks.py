"""Pieces of a document that are reviewed one by one, and sent several in a request."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from maestro.audit.code.units import Unit
from maestro.audit.source import AuditSource

MAX_CHARS = 16_000
"""Of a chunk, and of the chunks of a request together: about four thousand tokens."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines `first_line` to `last_line` (zero-based, inclusive)."""

    id: str
    symbol: str
    first_line: int
    last_line: int
    code: str = field(repr=False)


def cut(
    source: AuditSource, units: Sequence[Unit], limit: int = MAX_CHARS, lines: Sequence[tuple[int, int]] = ()
) -> list[Chunk]:
    """The units, or those that have a line of one of the stretches from a first to a last line.

    Units without a word in them are left out; one longer than `limit` characters is cut at line ends.
    """
    wanted = lines or [(0, len(source.lines) - 1)]
    bounds = [
        (unit.symbol, start, end)
        for unit in units
        for start, end in _pieces(source, unit, limit)
        if any(start <= last and first <= end for first, last in wanted)
        if any(line.strip() for line in source.lines[start : end + 1])
    ]
    return [_chunk(source, number, *bound) for number, bound in enumerate(bounds, 1)]


def pack(chunks: Iterable[Chunk], limit: int = MAX_CHARS) -> list[list[Chunk]]:
    """The chunks in order, as many to a request as fit."""
    packs: list[list[Chunk]] = []
    size = 0
    for chunk in chunks:
        if not packs or size + len(chunk.code) > limit:
            packs.append([])
            size = 0
        packs[-1].append(chunk)
        size += len(chunk.code)
    return packs


def _pieces(source: AuditSource, unit: Unit, limit: int) -> Iterator[tuple[int, int]]:
    first = unit.first_line
    while first <= unit.last_line:
        end = source.offset(first) + limit
        fitting = (
            line for line in range(unit.last_line, first, -1) if source.offset(line, len(source.lines[line])) <= end
        )
        last = next(fitting, first)
        yield first, next(line for line in range(last, first - 1, -1) if source.lines[line].strip() or line == first)
        first = last + 1


def _chunk(source: AuditSource, number: int, symbol: str, first: int, last: int) -> Chunk:
    return Chunk(f"c{number}", symbol, first, last, "\n".join(source.lines[first : last + 1]))
