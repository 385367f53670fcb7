"""`python -m tests.bench.audit`: what an audit is worth, our figures beside the aims, in one table.

Nothing is asserted. A figure short of its aim is marked; one that could not be measured says why.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.audit import adversarial, fixing, identity, incremental, placement, races, staying
from tests.bench.harness import Row, table

Figures = Mapping[str, float]


class Aim(NamedTuple):
    """One line: which figure, what the field does today, and what is aimed at: at most or at least so much."""

    name: str
    figure: Callable[[Figures], float]
    field: str
    aim: float
    at_most: bool = False
    unit: str = "%"
    why: Callable[[Figures], str] | None = None
    """What to say under the table where it is short of its aim."""


class Part(NamedTuple):
    """One benchmark; `size` is how much of it is done where nothing says how much."""

    measure: Callable[[int, int], Figures]
    size: int
    aims: Sequence[Aim]


def _get(name: str) -> Callable[[Figures], float]:
    return lambda figures: figures[name]


def _wrong(what: str) -> Callable[[Figures], float]:
    """How often of those that were tried; the benchmark names only what happened."""
    return lambda figures: figures.get(f"{what}, wrong", 0)


def _least(*names: str) -> Callable[[Figures], float]:
    return lambda figures: min(figures[name] for name in figures if name.endswith(names))


def _cost(seed: int, limit: int) -> Figures:
    with tempfile.TemporaryDirectory(prefix="maestro-bench-") as home:
        return {**incremental.measure(seed, limit), **incremental.latency(Path(home))}


_TOLD = "lines that repeat, where symbol or line tell which"

PARTS: Mapping[str, Part] = {
    "placement": Part(
        placement.measure,
        150,
        (
            Aim("anchor right", _get("ours: all: right %"), "72", 97),
            Aim("anchor wrong", _get("ours: all: wrong %"), "2.3", 0.7, True),
            Aim("  the same by the line the model names", _get("trust the line: all: right %"), "51", 0),
            Aim("  the same by the first exact match", _get("first exact match: all: right %"), "-", 0),
            Aim("anchor right where the line repeats", _get("ours: lines that repeat: right %"), "41", 99),
            Aim("  where symbol or line tell which", _get(f"ours: {_TOLD}: right %"), "-", 99),
            Aim("foreign quotes shown", _get("invented: foreign: shown %"), "up to 100", 0, True),
            Aim("near misses shown", _get("invented: near-miss: shown %"), "up to 100", 1, True),
        ),
    ),
    "staying": Part(
        staying.measure,
        30,
        (
            Aim("right after 50 edits, incremental", _get("incremental_50"), "66-89", 100),
            Aim("right after 200 edits, incremental", _get("incremental_200"), "43-88", 100),
            Aim("right after 50 edits, full sync", _get("full_50"), "66-89", 99.5),
            Aim("right after 200 edits, full sync", _get("full_200"), "43-88", 99),
        ),
    ),
    "races": Part(
        races.measure,
        1_000,
        (Aim("interleavings that broke an invariant", _get("violations"), "unbounded", 0, True, ""),),
    ),
    "adversarial": Part(
        adversarial.measure,
        6,
        (
            Aim("failures shown as clean", _wrong("failure shown as clean"), "yes", 0, True, ""),
            Aim("cut replies with a finding lost", _wrong("whole finding lost at a cut"), "all", 0, True, ""),
            Aim("cut replies with a finding corrupted", _wrong("finding corrupted at a cut"), "some", 0, True, ""),
            Aim("cut replies shown as complete", _wrong("cut shown as complete"), "yes", 0, True, ""),
            Aim("invented quotes shown, foreign", _wrong("invented quote shown, foreign"), "yes", 0, True, ""),
        ),
    ),
    "incremental": Part(
        _cost,
        20,
        (
            Aim("sent after an edit of one function, of the file", _get("percent_sent_p50"), "100", 100, True),
            Aim("edits for which other functions were sent", _get("edits_that_sent_others"), "all", 0, True, ""),
            Aim("sent for the same code, otherwise laid out", _get("same_code_bytes"), "the file", 0, True, "B"),
            Aim("save to findings, 2,000 lines as before, p95", _get("identical_p95_ms"), "-", 30, True, "ms"),
            Aim("  reverted, p95", _get("reverted_p95_ms"), "-", 30, True, "ms"),
            Aim("  another comment, p95", _get("comment_p95_ms"), "-", 30, True, "ms"),
            Aim("requests for these saves", _get("requests"), "-", 0, True, ""),
        ),
    ),
    "identity": Part(
        identity.measure,
        20,
        (
            Aim("fingerprint after lines above", _least(": insert above"), "0", 100),
            Aim(
                "fingerprint after a reformat",
                _least(": black", ": ruff", ": prettier"),
                "0",
                98,
                why=identity.why_layouts,
            ),
            Aim("fingerprint after a move", _least(": move"), "0", 100),
            Aim(
                "fingerprint after a rename",
                _least(": rename of the function or class", ": rename of an identifier, as code"),
                "0",
                95,
            ),
        ),
    ),
    "fixing": Part(
        fixing.measure,
        60,
        (
            Aim("fixes right", _get("right"), "-", 99),
            Aim("fixes that broke the syntax", _get("broke the syntax"), "-", 0, True, ""),
            Aim("files corrupted by a concurrent edit", _get("corrupted by an edit"), "possible", 0, True, ""),
        ),
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audit", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows: list[Row] = []
    causes: list[str] = []
    for name in options.names or PARTS:
        print(f"{name} …", file=sys.stderr, flush=True)
        part = PARTS[name]
        figures = part.measure(options.seed, part.size)
        found = [(aim, _row(aim, figures)) for aim in part.aims]
        rows += [row for _, row in found]
        causes += [f"{aim.name}: {aim.why(figures)}" for aim, row in found if aim.why and not row.met]
    print("\n".join([table(rows), *causes]))
    return 0


def _row(aim: Aim, figures: Figures) -> Row:
    ours = aim.figure(figures)
    met = ours <= aim.aim if aim.at_most else ours >= aim.aim
    sign = "≤" if aim.at_most else "≥"
    return Row(aim.name, f"{ours:.4g} {aim.unit}".strip(), aim.field, None, f"{sign} {aim.aim:g}", met)


if __name__ == "__main__":
    sys.exit(main())
