"""Where the words of a quote stand in a file: all of them in order, or all but what models leave out and misspell."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise, product
from typing import NamedTuple

from maestro.audit.placing.quotes import Reading
from maestro.audit.placing.words import Index, Words, read_words

_MOST = 1_500
# Where something is left out, so many beginnings are tried, with so many lines or parts behind each.
_MOST_TRIED, _MOST_PARTS, _MOST_NEXT = 200, 6, 5
_ELLIPSIS = re.compile(r"\.{3,}|…")
_LEAST_LETTERS, _MOST_LEFT_OUT, _MOST_LINES_LEFT_OUT = 6, 2_000, 6
# So many words tell a place even if the last of them, being cut, looks like another word of the file.
_CLEAR = 6
_ENDS_WORD = re.compile(r"\w$")
_MOST_MISSPELT, _MOST_SPELLINGS = 3, 16
_SHORTEST_MISSPELT = 4
_EDGES = re.compile(r"^_+|_+$")


class Window(NamedTuple):
    """Words `first` to `end` (exclusive) of a file; of the last one the quote may have the beginning only."""

    first: int
    end: int
    cut: bool = False


def find_windows(index: Index, quotes: Sequence[Reading], language: str) -> Iterator[tuple[Reading, list[Window]]]:
    """Places of the readings of one quote, the surest first: as they are, misspelt, with something left out."""
    read = [(quote, read_words(quote.text, language)) for quote in quotes]
    for find in (_as_they_are, _misspelt, _with_ellipsis, _with_lines_left_out):
        for quote, words in read:
            if any(map(str.isalnum, words.letters)):
                windows = list(islice(find(index, words), _MOST))
                if words.code.rstrip().endswith(";"):
                    windows = [window for window in windows if _ends_statement(index, window)]
                if windows:
                    yield quote, windows


def _as_they_are(index: Index, words: Words) -> Iterator[Window]:
    may_be_cut = _may_be_cut(index, words.keys)
    return (window for window in _places(index, words.letters) if may_be_cut or not window.cut)


def _may_be_cut(index: Index, keys: list[str]) -> bool:
    """Whether the last word may be the beginning of another; a lone word and a number are meant as they are."""
    last = keys[-1]
    if len(keys) == 1 or last.isdigit() or not _ENDS_WORD.search(last):
        return False
    return last not in index.vocabulary or len(keys) > _CLEAR


def _misspelt(index: Index, words: Words) -> Iterator[Window]:
    for keys in _spellings(index, words.keys):
        yield from (window for window in _places(index, "".join(keys)) if not window.cut)


def _with_ellipsis(index: Index, words: Words) -> Iterator[Window]:
    """An ellipsis stands for anything, also within words."""
    parts = _ELLIPSIS.split(words.letters)
    named = [part for part in parts if part]
    if not 1 < len(parts) <= _MOST_PARTS or len(max(named, key=len, default="")) < _LEAST_LETTERS:
        return
    for at in islice(_starts(index, named[0], within=not parts[0]), _MOST_TRIED):
        if (end := _follow(index, at + len(named[0]), named[1:])) is not None:
            yield _window(index, at, end)


def _follow(index: Index, end: int, parts: Iterable[str]) -> int | None:
    """The end of the last of the parts behind `end`, each as near as it can be."""
    for part in parts:
        at = index.letters.find(part, end, end + _MOST_LEFT_OUT)
        if at < 0:
            return None
        end = at + len(part)
    return end


def _with_lines_left_out(index: Index, words: Words) -> Iterator[Window]:
    """Every line of the quote is one of the file, but others stand between them."""
    lines = list(_lines(words))
    if not 1 < len(lines) <= _MOST_PARTS or len(words.keys) < _CLEAR:
        return
    for first in islice(_places(index, lines[0]), _MOST_TRIED):
        window: Window | None = first
        for line in lines[1:]:
            window = _line_below(index, window, line) if window else None
        if window and not window.cut:
            yield Window(first.first, window.end)


def _lines(words: Words) -> Iterator[str]:
    bounds = zip(words.ends, words.starts[1:], strict=False)
    breaks = [number for number, (end, start) in enumerate(bounds, 1) if "\n" in words.code[end:start]]
    for first, end in pairwise([0, *breaks, len(words.keys)]):
        yield "".join(words.keys[first:end])


def _line_below(index: Index, above: Window, line: str) -> Window | None:
    words, start = index.words, index.offsets[above.end]
    for window in islice(_places(index, line, start, start + _MOST_LEFT_OUT), _MOST_NEXT):
        own = words.code[words.ends[window.first - 1] : words.starts[window.first]]
        skipped = words.code[words.ends[above.end - 1] : words.starts[window.first]]
        if "\n" in own and skipped.count("\n") <= _MOST_LINES_LEFT_OUT:
            return window
    return None


def _places(index: Index, letters: str, start: int = 0, end: int | None = None) -> Iterator[Window]:
    for at in _starts(index, letters, start, end):
        yield _window(index, at, at + len(letters))


def _starts(index: Index, letters: str, start: int = 0, end: int | None = None, within: bool = False) -> Iterator[int]:
    """Offsets where the letters stand, from the beginning of a word or also from within one."""
    at = index.letters.find(letters, start, end)
    while at >= 0:
        word = index.offsets[bisect_left(index.offsets, at)]
        if within or word == at:
            yield at
        at = index.letters.find(letters, at + 1 if within else max(word, at + 1), end)


def _window(index: Index, start: int, end: int) -> Window:
    last = bisect_left(index.offsets, end)
    first = bisect_left(index.offsets, start + 1) - 1
    return Window(first, last, index.offsets[last] != end)


def _ends_statement(index: Index, window: Window) -> bool:
    """A quote with its semicolon is not the beginning of a longer statement."""
    words = index.words
    behind = words.starts[window.end] if window.end < len(words.starts) else len(words.code)
    between = words.code[words.ends[window.end - 1] : behind]
    return ";" in between or "\n" in between or behind == len(words.code)


def _spellings(index: Index, keys: list[str]) -> Iterator[list[str]]:
    """The words with those the file lacks replaced by words of the file they may be meant for."""
    unknown = [number for number, key in enumerate(keys) if key not in index.vocabulary]
    if not 0 < len(unknown) <= _MOST_MISSPELT:
        return
    meant = [_meant(index, keys[number]) for number in unknown]
    for choice in islice(product(*meant), _MOST_SPELLINGS):
        spelt = dict(zip(unknown, choice, strict=True))
        yield [spelt.get(number, key) for number, key in enumerate(keys)]


def _meant(index: Index, word: str) -> list[str]:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if len(word) < _SHORTEST_MISSPELT or not any(map(str.isalpha, word)):
        return []
    near = process.extract(word, list(index.vocabulary), scorer=OSA.distance, score_cutoff=1, limit=8)
    return [other for other, _, _ in near if _is_slip(word, other)]


def _is_slip(word: str, other: str) -> bool:
    """Whether a word, one letter away from another, is the other misspelt.

    One that means something else is not: `paths`, `path2`, `_path`, `pos_y`.
    """
    if re.findall(r"\d+", word) != re.findall(r"\d+", other):
        return False
    if sorted(word) == sorted(other):
        return True
    if _EDGES.findall(word) != _EDGES.findall(other) or word[0] != other[0]:
        return False
    if len(word) == len(other) and word[-1] != other[-1]:
        return False
    parts, others = word.split("_"), other.split("_")
    pairs = zip(parts, others, strict=True) if len(parts) == len(others) else ()
    return not any(part != meant and _differs(part, meant) for part, meant in pairs)


def _differs(part: str, meant: str) -> bool:
    if len(part) == len(meant):
        return len(part) <= 2
    longer, shorter = max(part, meant, key=len), min(part, meant, key=len)
    return longer.startswith(shorter) and longer[-1] in "sdr"
