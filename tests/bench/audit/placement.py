"""Where findings are put when quoted as models quote: right, wrong or nowhere; and whether inventions are put at all.

`python -m tests.bench.audit.placement --seed N --limit LABELS`
"""

import argparse
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from subprocess import SubprocessError
from tarfile import TarError

from maestro.audit.placing.anchor import Claim, find_anchor
from tests.bench.audit import perturbations
from tests.bench.audit.labels import Label, bare, make_labels, pylint_labels, read
from tests.bench.audit.sources import read_sources
from tests.bench.harness import percentile

_INVENTED_PER_LABEL = 2
_NEAR = 3

Place = Callable[[Label, Claim], int | None]
"""A way to place a claim: the line it begins on, or None."""


@dataclass(slots=True)
class Tally:
    """How often a way was right, wrong, or said nothing."""

    right: int = 0
    wrong: int = 0
    rejected: int = 0

    def add(self, line: int | None, expected: Iterable[int]) -> None:
        if line is None:
            self.rejected += 1
        elif line in expected:
            self.right += 1
        else:
            self.wrong += 1

    def percent(self) -> tuple[float, float, float]:
        """Right, wrong and rejected."""
        count = max(1, self.right + self.wrong + self.rejected)
        return 100 * self.right / count, 100 * self.wrong / count, 100 * self.rejected / count


@dataclass(slots=True)
class Result:
    """Tallies by way and by what they are about; of invented quotes, how many were shown and how many there were."""

    tallies: dict[str, dict[str, Tally]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Tally)))
    shown: Counter[str] = field(default_factory=Counter)
    invented: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def ours(label: Label, claim: Claim) -> int | None:
    anchor = find_anchor(label.seen, label.symbols, (0, len(label.seen.lines) - 1), claim)
    return anchor.span.start_line if anchor else None


def trusted_line(label: Label, claim: Claim) -> int | None:
    return claim.hint


def first_match(label: Label, claim: Claim) -> int | None:
    at = label.seen.plain.find(claim.quote.strip())
    return label.seen.plain.count("\n", 0, at) if at >= 0 else None


WAYS: dict[str, Place] = {"ours": ours, "trust the line": trusted_line, "first exact match": first_match}


def measure(seed: int, limit: int) -> dict[str, float]:
    """Percentages, and milliseconds per claim, over `limit` labels in each of all perturbations."""
    result = run(seed, limit)
    numbers: dict[str, float] = {}
    for way, tallies in result.tallies.items():
        for about, tally in tallies.items():
            right, wrong, _ = tally.percent()
            numbers[f"{way}: {about}: right %"], numbers[f"{way}: {about}: wrong %"] = right, wrong
    for kind, count in result.invented.items():
        numbers[f"invented: {kind}: shown %"] = 100 * result.shown[kind] / count
    numbers["ms per claim, median"] = 1e3 * percentile(result.seconds, 50)
    numbers["ms per claim, worst"] = 1e3 * max(result.seconds)
    return numbers


def run(seed: int, limit: int) -> Result:
    result = Result()
    files, result.missing = read_sources()
    labels = list(make_labels(files, limit, seed))
    try:
        labels += pylint_labels(limit // 5, seed)
    except (OSError, SubprocessError, TarError):
        result.missing.append("pylint's functional tests")
    draw = random.Random(seed)
    texts = {
        package: [read(file)[0].plain for file in group] for package, group in groupby(files, key=lambda f: f.package)
    }
    # All claims about one file one after the other, as in an audit.
    for label in sorted(labels, key=lambda label: label.file.path):
        _place_all(result, label, draw)
        others = [text for text in texts.get(label.file.package, []) if text != label.seen.plain]
        for kind, quote in _inventions(label, others, draw):
            result.invented[kind] += 1
            claim = Claim(quote, perturbations.symbol(label, draw), perturbations.hint(label, draw))
            if ours(label, claim) is not None:
                result.shown[kind] += 1
                result.failures.append(f"{kind}: {label.file.path}:{label.first + 1}: {quote!r}")
    return result


def _place_all(result: Result, label: Label, draw: random.Random) -> None:
    for name, change in perturbations.CHANGES.items():
        quote = change(label.lines, draw, label)
        claim = Claim(quote, perturbations.symbol(label, draw), perturbations.hint(label, draw))
        expected = {label.first, label.first - 1} if name == "line before" else {label.first}
        for way, place in WAYS.items():
            began = time.perf_counter()
            line = place(label, claim)
            if way == "ours":
                result.seconds.append(time.perf_counter() - began)
                if line not in expected:
                    told = "" if not label.repeats or _can_be_told(label, claim) else " cannot be told"
                    result.failures.append(f"{name}: {label.file.path}:{label.first + 1}: {claim} -> {line}{told}")
            for about in _aspects(label, name, claim):
                result.tallies[way][about].add(line, expected)


def _aspects(label: Label, name: str, claim: Claim) -> Iterator[str]:
    yield "all"
    if not label.repeats or _can_be_told(label, claim):
        yield "all but what nothing tells apart"
    yield label.file.language if label.file.package != "pylint-functional" else "pylint's own labels"
    yield f"quote: {name}"
    if label.repeats and name != "line before":
        yield "lines that repeat"
        if _can_be_told(label, claim):
            yield "lines that repeat, where symbol or line tell which"


def _can_be_told(label: Label, claim: Claim) -> bool:
    """Whether the claim names the line, or nearly and no equal one is nearer, or a symbol that has the line once."""
    lines = [bare(line) for line in label.seen.lines]
    same = [n for n, line in enumerate(lines) if line == lines[label.first]]
    if claim.hint is not None and (own := abs(claim.hint - label.first)) <= _NEAR:
        return all(abs(claim.hint - n) > own for n in same if n != label.first)
    named = [s for s in label.symbols if s.name == claim.symbol and s.first_line <= label.first <= s.last_line]
    return any(sum(s.first_line <= n <= s.last_line for n in same) == 1 for s in named)


def _inventions(label: Label, others: list[str], draw: random.Random) -> Iterator[tuple[str, str]]:
    there = _squeezed(label.file.text), _squeezed(label.seen.plain)
    for _ in range(_INVENTED_PER_LABEL):
        for kind, quote in (
            ("near-miss", perturbations.near_miss(label, draw)),
            ("foreign", perturbations.foreign(label, others, draw) if others else None),
        ):
            if quote and not any(_squeezed(quote) in text for text in there):
                yield kind, quote


def _squeezed(text: str) -> str:
    return "".join(map(bare, text.split("\n"))).lower()


def table(result: Result) -> str:
    """Everything that was measured, in columns."""
    lines = [f"{'':52}" + "".join(f"{way:>24}" for way in WAYS), f"{'right / wrong / rejected %':52}"]
    for about in result.tallies["ours"]:
        cells = ("{:6.2f} /{:6.2f} /{:6.2f}".format(*result.tallies[way][about].percent()) for way in WAYS)
        lines.append(f"{about:52}" + "".join(f"{cell:>24}" for cell in cells))
    for kind, count in result.invented.items():
        lines.append(
            f"invented quotes shown, {kind}: {result.shown[kind]} of {count} ({100 * result.shown[kind] / count:.2f} %)"
        )
    median, p99, worst = (1e3 * percentile(result.seconds, p) for p in (50, 99, 100))
    lines.append(f"milliseconds per claim: {median:.2f} median, {p99:.2f} p99, {worst:.1f} worst")
    lines += [f"missing: {name}" for name in result.missing]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audit.placement", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=1_000, help="labels; each is quoted in every way")
    parser.add_argument("--failures", action="store_true", help="also print what was not right")
    options = parser.parse_args()
    result = run(options.seed, options.limit)
    if options.failures:
        print("\n".join(result.failures))
    print(table(result))


if __name__ == "__main__":
    main()
