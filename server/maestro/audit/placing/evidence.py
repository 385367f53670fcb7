"""Which of several places a claim means: by what stands there, the symbol around it and the line it names."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from maestro.audit.code.symbols import Symbol

# How much likelier a place is that has what another lacks.
_VERBATIM, _INDENTED_ALIKE, _FROM_START, _TO_END, _NOT_CUT, _IN_CHUNK, _IN_SYMBOL = (
    4.0,
    4.0,
    8.0,
    8.0,
    8.0,
    50.0,
    1_000.0,
)
_DISSIMILAR = 20.0
# As likely as each other, for all a hint says, are places about twenty lines away from it.
_EXACT, _FAR = 12.0, 3e-3
_SURE = 0.55
# To compare many different texts takes long, and all of them are alike to have been found.
_MOST_TEXTS = 50
_NO_NAMES = {
    "async",
    "class",
    "def",
    "enum",
    "fn",
    "func",
    "function",
    "impl",
    "interface",
    "method",
    "struct",
    "trait",
}


@dataclass(frozen=True, slots=True)
class Place:
    """`from_start`: only closing brackets stand before it on its line; `to_end`: no word stands behind it.

    `cut`: it ends within a word of the file.
    """

    start: int
    end: int
    line: int
    verbatim: bool
    indented_alike: bool
    from_start: bool
    to_end: bool
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for one place or another. `hint` is a zero-based line, `chunk` the first and last line reviewed."""

    quote: str
    symbol: str
    hint: int | None
    chunk: tuple[int, int]


def choose(places: Sequence[Place], text: str, symbols: Sequence[Symbol], evidence: Evidence) -> Place | None:
    """The only place, or one likelier than all others together; None if there is none. Of a line, one is enough."""
    similar = _similarities(evidence.quote, {text[place.start : place.end] for place in places})
    named = named_symbols(symbols, evidence.symbol)
    best: dict[int, tuple[float, Place]] = {}
    for place in places:
        weight = similar[text[place.start : place.end]] * _likeliness(place, named, evidence)
        if weight > best.get(place.line, (0.0, place))[0]:
            best[place.line] = weight, place
    if not best:
        return None
    weight, place = max(best.values(), key=lambda item: item[0])
    return place if weight >= _SURE * sum(other for other, _ in best.values()) else None


def named_symbols(symbols: Sequence[Symbol], claimed: str) -> list[Symbol]:
    """The definitions a model's name may mean; the ones around them where it names an unknown inner one."""
    names = _names(claimed)
    while names:
        for depth in range(len(names), 0, -1):
            wanted = names[-depth:]
            if found := [symbol for symbol in symbols if _names(symbol.name)[-depth:] == wanted]:
                return found
        names.pop()
    return []


def _names(symbol: str) -> list[str]:
    """`func (s *Store[T]) Read(path string)` is s, store, read."""
    bare = re.sub(r"(?<=\w)\s*\(.*", "", re.sub(r"<[^<>]*>|\[[^\[\]]*\]", "", symbol), flags=re.S)
    return [name.lower() for name in re.findall(r"[^\W\d][\w$]*", bare) if name.lower() not in _NO_NAMES]


def _likeliness(place: Place, named: Sequence[Symbol], evidence: Evidence) -> float:
    first, last = evidence.chunk
    likely = _VERBATIM if place.verbatim else 1.0
    likely *= _INDENTED_ALIKE if place.indented_alike else 1.0
    likely *= _FROM_START if place.from_start else 1.0
    likely *= _TO_END if place.to_end else 1.0
    likely *= 1.0 if place.cut else _NOT_CUT
    likely *= _IN_CHUNK if first <= place.line <= last else 1.0
    likely *= _IN_SYMBOL if any(symbol.first_line <= place.line <= symbol.last_line for symbol in named) else 1.0
    return likely * _nearness(place.line, evidence.hint)


def _nearness(line: int, hint: int | None) -> float:
    """A line named exactly is hardly a guess; of others the nearer is likelier."""
    if hint is None:
        return 1.0
    return _EXACT if line == hint else 1 / (1 + (line - hint) ** 2) + _FAR


def _similarities(quote: str, texts: set[str]) -> dict[str, float]:
    """How likely each text is to be quoted like this, spaces aside."""
    if not 1 < len(texts) <= _MOST_TEXTS:
        return dict.fromkeys(texts, 1.0)
    return {text: math.exp(-_DISSIMILAR * (1 - similarity(quote, text))) for text in texts}


def similarity(quote: str, text: str) -> float:
    """0 to 1; spaces do not count."""
    from rapidfuzz import fuzz

    return fuzz.ratio("".join(quote.split()), "".join(text.split())) / 100
