"""Lines a finding could be about, with what a model knows of them: every sixth is a line that repeats in its file."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

from maestro.audit.code.symbols import Symbol, find_symbols
from maestro.audit.source import AuditSource
from tests.bench.audit.sources import Package, SourceFile, fetch

_REPEATING_EVERY = 6
_STATEMENT = re.compile(r"\w+\W+\w+\W")
_COMMENT = re.compile(r"\s*(?://|#(?!include|define|if|el|end|\[|!)|/?\*|--|\"\"\"|''')")
_COMMENTS = {
    "python": re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|#([^\n]*)"""),
    "": re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'|`[^`]*`)|//([^\n]*)|/\*([\s\S]*?)\*/"""),
}


@dataclass(frozen=True, slots=True)
class Label:
    """Zero-based lines `first` to `last` of a file. `seen` is the text as a model saw it, without comments' words."""

    file: SourceFile
    seen: AuditSource
    symbols: tuple[Symbol, ...]
    first: int
    last: int
    repeats: bool

    @property
    def lines(self) -> list[str]:
        """The original lines, comments included."""
        return self.file.text.split("\n")[self.first : self.last + 1]

    @property
    def symbol(self) -> str:
        around = [symbol for symbol in self.symbols if symbol.first_line <= self.first <= symbol.last_line]
        return min(around, key=lambda symbol: symbol.last_line - symbol.first_line).name if around else ""


def make_labels(files: list[SourceFile], count: int, seed: int) -> Iterator[Label]:
    """As many labels, the same number for every language there is."""
    draw = random.Random(seed)
    by_language: dict[str, list[SourceFile]] = {}
    for file in files:
        by_language.setdefault(file.language, []).append(file)
    languages = sorted(by_language)
    made = 0
    while made < count:
        file = draw.choice(by_language[languages[made % len(languages)]])
        if label := _label(file, draw, repeating=made // len(languages) % _REPEATING_EVERY == 0):
            made += 1
            yield label


def _label(file: SourceFile, draw: random.Random, *, repeating: bool) -> Label | None:
    source, symbols = read(file)
    lines = source.lines
    counts = Counter(map(bare, lines))
    named = [n for n, line in enumerate(lines) if _STATEMENT.search(line) and not _COMMENT.match(line)]
    named = [n for n in named if (counts[bare(lines[n])] > 1) == repeating]
    if not named:
        return None
    first = last = draw.choice(named)
    for _ in range(0 if repeating else draw.choice([0, 0, 0, 1, 2])):
        if last + 1 < len(lines) and lines[last + 1].strip():
            last += 1
    return Label(file, source, symbols, first, last, repeating)


def bare(line: str) -> str:
    """A line of a text as seen, without spaces and what is left of comments."""
    return re.sub(r"\s+|#+\s*$|//[/!]*\s*$|/\*[\s*]*\*/", "", line)


@lru_cache(maxsize=1000)
def read(file: SourceFile) -> tuple[AuditSource, tuple[Symbol, ...]]:
    lexer = _COMMENTS.get(file.language, _COMMENTS[""])
    text = lexer.sub(_blank, file.text)
    source = AuditSource(file.path.as_uri(), text, file.language)
    return source, tuple(find_symbols(source))


def _blank(match: re.Match[str]) -> str:
    if match[1]:
        return match[0]
    words = match[2] if match[2] is not None else match[3] or ""
    return match[0].replace(words, re.sub(r"[^\n]", " ", words)) if words else match[0]


_EXPECTED = re.compile(r"^(?P<rule>[\w-]+):(?P<line>\d+):\d+:(?P<end>\d+|None):(?:\d+|None):(?P<symbol>[^:]*):")


def pylint_labels(count: int, seed: int) -> list[Label]:
    """What pylint's own functional tests expect: exact lines and symbols of findings.

    Raises:
        OSError, SubprocessError, TarError: the package cannot be had.
    """
    folder = fetch(Package("pip", "pylint", "python", ".py"))
    expectations = sorted(folder.rglob("tests/functional/**/*.txt"))
    random.Random(seed).shuffle(expectations)
    return list(islice(chain.from_iterable(map(_expected, expectations)), count))


def _expected(expectation: Path) -> Iterator[Label]:
    path = expectation.with_suffix(".py")
    if not path.exists():
        return
    file = SourceFile("pylint-functional", "python", path, path.read_text(encoding="utf-8", errors="replace"))
    source, symbols = read(file)
    for match in filter(None, map(_EXPECTED.match, expectation.read_text(encoding="utf-8").splitlines())):
        first = int(match["line"]) - 1
        if first < len(source.lines) and _STATEMENT.search(source.lines[first]):
            lines = [bare(line) for line in source.lines]
            yield Label(file, source, symbols, first, first, lines.count(lines[first]) > 1)
