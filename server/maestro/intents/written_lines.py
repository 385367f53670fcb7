"""Which intent last wrote which lines of a file, also after the lines moved."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from maestro.audit.moving.line_changes import LineChange, kept

if TYPE_CHECKING:
    import sqlite3

_MOST = 2_000
"""Blocks of one file that are remembered, the latest."""
_TRIED = 50
"""Places at which a block that moved is looked for."""


class Block(NamedTuple):
    """Lines that one call wrote; zero-based, the last one belongs to it."""

    intent_id: str
    first_line: int
    last_line: int
    at: str


class Stored(NamedTuple):
    """A block as it is kept: `digest` is of its first line and of all of them."""

    block: Block
    digest: str


def rewritten(
    blocks: Iterable[Block], changes: Sequence[LineChange], count: int, intent_id: str, at: str
) -> list[Block]:
    """The blocks after a call made these changes to a text of `count` lines; whoever wrote a line last has it."""
    new = [
        Block(intent_id, change.new_first, change.new_end - 1, at)
        for change in changes
        if change.new_end > change.new_first
    ]
    return sorted([*moved(blocks, changes, count), *new], key=_place)


def moved(blocks: Iterable[Block], changes: Sequence[LineChange], count: int) -> list[Block]:
    """The blocks without the lines that were changed, where they stand now."""
    runs = list(kept(changes, count))
    return [piece for block in blocks for piece in _pieces(block, runs)]


def found_again(stored: Iterable[Stored], lines: Sequence[str]) -> list[Block]:
    """The blocks in a text that may be another one: at their place, else at the nearest one, else nowhere."""
    openings: Mapping[str, list[int]] = {}
    taken: set[int] = set()
    found: list[Block] = []
    for block, digest in sorted(stored, key=lambda one: one.block.at, reverse=True):
        count, starts = block.last_line - block.first_line + 1, [block.first_line]
        if not _stands(digest, lines[block.first_line : block.last_line + 1], count):
            openings = openings or _openings(lines)
            starts = _candidates(block, openings.get(_opening(digest), ()), lines)
        for at in starts:
            if taken.isdisjoint(range(at, at + count)) and _stands(digest, lines[at : at + count], count):
                taken.update(range(at, at + count))
                found.append(block._replace(first_line=at, last_line=at + count - 1))
                break
    return sorted(found, key=_place)


def read(connection: "sqlite3.Connection", uri: str) -> list[Stored]:
    """What is kept of a file."""
    wanted = "SELECT intent_id, first_line, last_line, at, digest FROM written_lines WHERE uri = ? ORDER BY first_line"
    return [Stored(Block(*block), digest) for *block, digest in connection.execute(wanted, (uri,))]


def digested(blocks: Iterable[Block], lines: Sequence[str]) -> list[Stored]:
    """The blocks as they are to be kept; of too many the latest."""
    latest = sorted(blocks, key=lambda one: one.at, reverse=True)[:_MOST]
    return [Stored(block, _digest(lines[block.first_line : block.last_line + 1])) for block in latest]


def write(connection: "sqlite3.Connection", uri: str, stored: Iterable[Stored]) -> None:
    """Keep these blocks of a file and no others."""
    connection.execute("DELETE FROM written_lines WHERE uri = ?", (uri,))
    connection.executemany(
        "INSERT INTO written_lines(uri, intent_id, first_line, last_line, at, digest) VALUES (?, ?, ?, ?, ?, ?)",
        ((uri, *block, digest) for block, digest in stored),
    )


def _place(block: Block) -> int:
    return block.first_line


def _pieces(block: Block, runs: Iterable[tuple[int, int, int]]) -> Iterator[Block]:
    for first, end, shift in runs:
        start, stop = max(first, block.first_line), min(end, block.last_line + 1)
        if start < stop:
            yield block._replace(first_line=start + shift, last_line=stop + shift - 1)


def _stands(digest: str, lines: Sequence[str], count: int) -> bool:
    return len(lines) == count and _hash(lines[0]) == _opening(digest) and _digest(lines) == digest


def _candidates(block: Block, starts: Sequence[int], lines: Sequence[str]) -> list[int]:
    """The nearest first. A single line that only has brackets or blanks is everywhere, and so nowhere."""
    single = block.first_line == block.last_line
    telling = (at for at in starts if not single or any(char.isalnum() for char in lines[at]))
    return sorted(telling, key=lambda at: abs(at - block.first_line))[:_TRIED]


def _openings(lines: Sequence[str]) -> Mapping[str, list[int]]:
    """Where each line stands."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        found[_hash(line)].append(at)
    return found


def _opening(digest: str) -> str:
    return digest.partition(".")[0]


def _digest(lines: Sequence[str]) -> str:
    return f"{_hash(lines[0])}.{_hash(chr(10).join(lines))}"


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
