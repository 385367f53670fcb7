"""Audit: findings of a run that began before the first of many edits, and whether they are published on their lines."""

import argparse
import itertools
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from maestro.audit.moving.edits import Edit, EditLog, Moved, apply, content_change, move
from maestro.audit.moving.line_diff import difference, refine
from maestro.audit.moving.offsets import to_position
from maestro_protocol.chat import Range
from tests.bench.audit.corpus import sources, successions
from tests.bench.audit.transactions import Transaction, between, transact
from tests.bench.harness import Broken, percentile

_FINDINGS = 40
# A transaction of more edits than this is sent as a formatter sends it: the whole text, as one change.
_MOST_EDITS = 40


@dataclass
class Score:
    """How many findings were right in each way of learning of edits, and how long a difference took, in seconds."""

    total: int = 0
    right: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def count(self, way: str, right: int) -> None:
        self.right[way] = self.right.get(way, 0) + right

    def percents(self) -> dict[str, float]:
        return {way: 100 * right / max(self.total, 1) for way, right in self.right.items()}


def measure(seed: int, limit: int, folders: Sequence[Path] = ()) -> dict[str, float]:
    """Percent of findings that are right, as `{way}_{transactions}`; `limit` is how many files are edited."""
    numbers: dict[str, float] = {}
    for count in (50, 200):
        score = Score()
        for at, text in enumerate(sources(folders, seed, limit)):
            dice = random.Random(f"{seed} {count} {at}")
            _follow(score, dice, text, list(transact(dice, text, count)))
        numbers |= _numbers(score, str(count))
    return numbers


def measure_releases(seed: int, limit: int, cache: Path) -> dict[str, float]:
    """The same for what changed between the releases of packages, for at most `limit` files."""
    score = Score()
    for at, texts in zip(range(limit), successions(cache), strict=False):
        steps = [step for before, after in itertools.pairwise(texts) for step in between(before, after)]
        _follow(score, random.Random(f"{seed} {at}"), texts[0], steps)
    return _numbers(score, "releases")


def _numbers(score: Score, name: str) -> dict[str, float]:
    numbers = {f"{way}_{name}": percent for way, percent in score.percents().items()}
    return {
        **numbers,
        f"findings_{name}": score.total,
        f"difference_p95_ms_{name}": 1e3 * percentile(score.seconds, 95),
    }


def _follow(score: Score, dice: random.Random, text: str, steps: Iterable[Transaction]) -> None:
    """Findings on lines of a text, through the steps."""
    anchors = _anchors(dice, text)
    first, ids = text, list(range(len(text)))
    told, seen = EditLog(), EditLog()
    for edits in steps:
        after = apply(text, edits)
        told.append(_as_told(text, edits, after))
        began = time.perf_counter()
        seen.append(difference(text, after))
        score.seconds.append(time.perf_counter() - began)
        for edit in edits:
            ids[edit.start : edit.end] = [-1] * len(edit.text)
        text = after
    logs = {"incremental": told.since(0), "full": seen.since(0), "switch": difference(first, text)}
    where = {id_: at for at, id_ in enumerate(ids) if id_ >= 0}
    for start, end in anchors:
        score.total += 1
        left = [where[at] for at in range(start, end) if at in where]
        words = first[start:end]
        for way, edits in logs.items():
            score.count(way, _is_right(text, words, left, move(start, end, edits)))
        score.count("field", _is_right(text, words, left, _unmoved(first, text, start)))


def _anchors(dice: random.Random, text: str) -> list[tuple[int, int]]:
    """The words of some lines that have any."""
    places, at = [], 0
    for line in text.splitlines(keepends=True):
        if len(words := line.strip()) > 3:
            start = at + line.index(words)
            places.append((start, start + len(words)))
        at += len(line)
    return dice.sample(places, min(_FINDINGS, len(places)))


def _as_told(text: str, edits: Transaction, after: str) -> Iterator[Edit]:
    """The edits as the server has them from an editor's changes."""
    if len(edits) > _MOST_EDITS:
        yield from refine(text, content_change(text, None, after, "utf-16"))
        return
    for edit in edits:
        range_ = Range(start=to_position(text, edit.start, "utf-16"), end=to_position(text, edit.end, "utf-16"))
        yield from refine(text, content_change(text, range_, edit.text, "utf-16"))
        text = apply(text, [edit])


def _unmoved(before: str, after: str, start: int) -> Moved | None:
    """Where a finding is shown by who publishes the line it was on."""
    lines = after.split("\n")
    line = before.count("\n", 0, start)
    at = len("\n".join(lines[:line])) + (line > 0)
    return Moved(at, at + len(lines[line]), False) if line < len(lines) else None


def _is_right(text: str, words: str, left: list[int], shown: Moved | None) -> bool:
    """`left` is where the characters of the finding are that are still there.

    One of which less than half is left may be dropped. One that is gone may be shown where the same words stand, or
    as touched on a line that resembles it.
    """
    if shown is None:
        return len(left) < len(words) / 2
    if not left:
        likeness = SequenceMatcher(None, words, text[shown.start : shown.end], autojunk=False).ratio()
        return likeness >= 0.5 if shown.touched else _blind(text[shown.start : shown.end]) == _blind(words)
    return text.count("\n", 0, shown.start) == text.count("\n", 0, left[0])


def _blind(text: str) -> str:
    return "".join(text.split())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audit.staying", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=30, help="how many files are edited")
    parser.add_argument("--sources", type=Path, action="append", default=[], help="a folder with more sources")
    parser.add_argument("--releases", type=Path, help="also measure releases of packages, kept in this folder")
    options = parser.parse_args()
    numbers = measure(options.seed, options.limit, options.sources)
    if options.releases:
        try:
            numbers |= measure_releases(options.seed, options.limit, options.releases)
        except Broken as reason:
            print(f"releases: {reason}", file=sys.stderr)
    for name, number in numbers.items():
        print(f"{name:32} {number:10.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
