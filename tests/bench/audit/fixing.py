"""Fixes for real files, written down as models write them: applied right, refused, or wrong; nothing else touched."""

import argparse
import random
import re
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from maestro.audit.fixing.breakage import breaks
from maestro.audit.fixing.fix import Proposal, Refusal, build_edits, source_fix_all, text_at
from maestro.audit.fixing.line_edits import apply_edits, touch
from maestro.audit.source import AuditSource, Span

_ROOT = Path(__file__).parents[3]
_MOST_LINES = 1_500
_WORD = re.compile(r"\b[a-z_]{4,}\b")


class Case(NamedTuple):
    """Lines `first` to `last` of a file, and the right lines instead of them."""

    source: AuditSource
    first: int
    last: int
    right: list[str]

    @property
    def span(self) -> Span:
        """As an anchor has it: without the indentation before the first word."""
        lines = self.source.lines
        return Span(self.first, _indent(lines[self.first]), self.last, len(lines[self.last]))

    @property
    def lines(self) -> list[str]:
        return list(self.source.lines[self.first : self.last + 1])

    def around(self) -> tuple[str, str]:
        """The lines before and behind."""
        return self.source.lines[self.first - 1], self.source.lines[self.last + 1]


def _dedented(lines: list[str]) -> list[str]:
    least = min((_indent(line) for line in lines if line.strip()), default=0)
    return [line[least:] for line in lines]


def _block(lines: list[str]) -> str:
    return "\n".join(lines)


HABITS: Mapping[str, Callable[[Case], str]] = {
    "as it is": lambda case: _block(case.right),
    "without indentation": lambda case: _block(_dedented(case.right)),
    "first line bare": lambda case: _block(case.right).lstrip(),
    "blank lines around": lambda case: f"\n{_block(case.right)}  \n\n",
    "CRLF": lambda case: "\r\n".join(case.right) + "\r\n",
    "fence": lambda case: f"```{case.source.language}\n{_block(case.right)}\n```",
    "fence, bare, prose": lambda case: f"Use this:\n```\n{_block(_dedented(case.right))}\n```\nIt no longer fails.",
    "gutter": lambda case: _block([f"{n}| {line}" for n, line in enumerate(case.right, case.first + 1)]),
    "gutter, colon": lambda case: _block([f"{n}: {line}" for n, line in enumerate(case.right, case.first + 1)]),
    "plus signs": lambda case: _block([f"+{line}" for line in case.right]),
    "diff": lambda case: _block([*(f"-{line}" for line in case.lines), *(f"+{line}" for line in case.right)]),
    "next line too": lambda case: _block([*case.right, case.around()[1]]),
    "line before too": lambda case: _block([case.around()[0], *case.right]),
    "both neighbours, bare": lambda case: _block(_dedented([case.around()[0], *case.right, case.around()[1]])),
    "dots around": lambda case: _block(["...", *case.right, "..."]),
    "existing code": lambda case: _block(["# ... existing code ...", *case.right, "// ... rest of the code ..."]),
    "tabs": lambda case: _block(
        [_tabbed(line, 2 if case.source.language == "typescript" else 4) for line in case.right]
    ),
    "prose behind": lambda case: _block([*case.right, "", "This handles the empty case as well."]),
}
BROKEN: Mapping[str, Callable[[Case], str]] = {
    "cut": lambda case: _block(case.right)[: -max(1, len(_block(case.right)) // 3)] + "(",
    "dots inside": lambda case: _block([case.right[0], "...", case.right[-1], "..."]),
    "unclosed": lambda case: _block(case.right) + " {[",
    "same": lambda case: _block(case.lines),
    "nothing": lambda _: "",
    "endless": lambda case: _block(case.right) * 5_000,
}
"""None of these may be applied."""
_MAY_FIT = ("cut", "unclosed", "dots inside")
"""But in a comment, or where dots stand already, they do no harm."""
ENDS: Mapping[str, Callable[[str], str]] = {
    "LF": str,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "no final line end": lambda text: text.rstrip("\n"),
}


def measure(seed: int = 1, limit: int = 200) -> dict[str, float]:
    """Percentages of so many cases in every habit, and counts of what must never be."""
    return summary(run(seed, limit))


def summary(tally: Counter[str]) -> dict[str, float]:
    tried = sum(tally[f"{habit}: {outcome}"] for habit in HABITS for outcome in ("right", "refused", "wrong"))
    share = {o: 100 * sum(tally[f"{habit}: {o}"] for habit in HABITS) / tried for o in ("right", "refused", "wrong")}
    never = ("broke the syntax", "broken applied", "line ends changed", "corrupted by an edit", "fix-all in conflict")
    return {"tried": tried, **share, **{name: tally[name] for name in never}, "concurrent": tally["concurrent"]}


def run(seed: int, limit: int) -> Counter[str]:
    tally: Counter[str] = Counter()
    chance = random.Random(seed)
    files = list(_files())
    while tally["cases"] < limit:
        case = _case(chance, chance.choice(files))
        if case is None:
            continue
        tally["cases"] += 1
        _try_habits(case, tally)
        _try_line_ends(case, tally)
        _try_concurrent(chance, case, tally)
        _try_all(chance, case, tally)
    return tally


def _try_habits(case: Case, tally: Counter[str]) -> None:
    right = [*case.source.lines[: case.first], *case.right, *case.source.lines[case.last + 1 :]]
    for habit, write in HABITS.items():
        after = _after(case, write(case))
        outcome = "refused" if after is None else "right" if after.split("\n") == right else "wrong"
        tally[f"{habit}: {outcome}"] += 1
        tally["broke the syntax"] += after is not None and breaks(case.source.language, case.source.plain, after)
    for name, write in BROKEN.items():
        after = _after(case, write(case))
        harmless = after is not None and name in _MAY_FIT and not breaks(case.source.language, case.source.plain, after)
        tally["broken applied"] += after is not None and not harmless


def _try_line_ends(case: Case, tally: Counter[str]) -> None:
    """The same fix whatever the file's line ends, which all stay."""
    expected = _after(case, _block(case.right))
    for end in ENDS.values():
        text = end(case.source.text)
        other = case._replace(source=AuditSource(case.source.uri, text, case.source.language))
        after = _after(other, _block(case.right))
        if expected is not None:
            tally["line ends changed"] += after != end(expected)


def _try_concurrent(chance: random.Random, case: Case, tally: Counter[str]) -> None:
    """Somebody types meanwhile; the place stays where it was, as if nobody had moved it."""
    for _ in range(5):
        lines = list(case.source.lines)
        at = chance.randrange(max(0, case.first - 3), min(len(lines), case.last + 4))
        lines[at : at + 1] = chance.choice((["typed = 1", lines[at]], [], [lines[at] + "x"]))
        source = AuditSource(case.source.uri, "\n".join(lines), case.source.language)
        edits = build_edits(source, case.span, _proposal(case, _block(case.right)))
        tally["concurrent"] += 1
        if isinstance(edits, Refusal):
            continue
        after = apply_edits(source, edits).split("\n")
        expected = [*lines[: case.first], *case.right, *lines[case.last + 1 :]]
        tally["corrupted by an edit"] += after != expected or lines[case.first : case.last + 1] != case.lines


def _try_all(chance: random.Random, case: Case, tally: Counter[str]) -> None:
    """Several fixes about the same few lines."""
    proposals = []
    for _ in range(6):
        first = chance.randrange(max(0, case.first - 3), case.last + 1)
        other = _changed(chance, case.source, first, min(first + chance.randrange(2), len(case.source.lines) - 1))
        if other is not None:
            proposals.append((other.span, _proposal(other, _block(other.right))))
    edits, chosen = source_fix_all(case.source, proposals)
    conflict = any(touch(one[0], other[0]) for n, one in enumerate(edits) for other in edits[n + 1 :])
    broken = breaks(case.source.language, case.source.plain, apply_edits(case.source, edits))
    tally["fix-all in conflict"] += conflict or broken or (bool(proposals) and not chosen)


def _after(case: Case, replacement: str) -> str | None:
    edits = build_edits(case.source, case.span, _proposal(case, replacement))
    return None if isinstance(edits, Refusal) else apply_edits(case.source, edits)


def _proposal(case: Case, replacement: str) -> Proposal:
    quote = text_at(case.source, case.span)
    return Proposal(quote, quote, replacement, True)


def _case(chance: random.Random, source: AuditSource) -> Case | None:
    first = chance.randrange(1, len(source.lines) - 4)
    return _changed(chance, source, first, first + chance.randrange(3))


def _changed(chance: random.Random, source: AuditSource, first: int, last: int) -> Case | None:
    """A word renamed, and now and then a line more or less; None where that would break the file."""
    lines = list(source.lines[first : last + 1])
    if not lines[0].strip() or not lines[-1].strip():
        return None
    number = chance.randrange(len(lines))
    words = list(_WORD.finditer(lines[number]))
    if not words:
        return None
    word = chance.choice(words)
    right = [*lines]
    right[number] = f"{lines[number][: word.start()]}{word[0]}_other{lines[number][word.end() :]}"
    if chance.random() < 0.3:
        right.insert(number, lines[number])
    after = "\n".join([*source.lines[:first], *right, *source.lines[last + 1 :]])
    return None if breaks(source.language, source.plain, after) else Case(source, first, last, right)


def _tabbed(line: str, width: int) -> str:
    indent = line[: _indent(line)]
    return indent.replace(" " * width, "\t") + line[len(indent) :]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _files() -> Iterator[AuditSource]:
    """Python's own library and headers, and the TypeScript of this repository."""
    found = [("python", path) for path in Path(sysconfig.get_path("stdlib")).glob("*.py")]
    found += [("c", path) for path in Path(sysconfig.get_path("include")).rglob("*.h")]
    found += [("typescript", path) for path in (_ROOT / "editors").rglob("src/*.ts")]
    for language, path in sorted(found):
        text = path.read_text(encoding="utf-8", errors="replace")
        if 50 < text.count("\n") < _MOST_LINES and text.endswith("\n"):
            yield AuditSource(path.as_uri(), text, language)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audit.fixing", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=200, help="places; each is fixed in every way")
    options = parser.parse_args()
    tally = run(options.seed, options.limit)
    for habit in HABITS:
        outcomes = (f"{outcome} {tally[f'{habit}: {outcome}']:5}" for outcome in ("right", "refused", "wrong"))
        print(f"{habit:24}", *outcomes)
    for name, value in summary(tally).items():
        print(f"{name:24} {value:g}")


if __name__ == "__main__":
    main()
