"""Where a quote stands in the text: by its words, never by the line a model claims."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice

from maestro.audit.code.symbols import Symbol
from maestro.audit.placing.evidence import Evidence, Place, choose, similarity
from maestro.audit.placing.quotes import Reading, readings
from maestro.audit.placing.windows import Window, find_windows
from maestro.audit.placing.words import Index, index_words
from maestro.audit.source import AuditSource, Span

# Of more places than these, only the nearest to the claimed line are looked at.
_MOST, _MOST_SEEN = 300, 1_500
_TOKEN = re.compile(r"\w+|[^\w\s]")
_SEPARATORS = re.compile(r"[ \t]*[;,]+")
# So many characters and tokens must a part of a line have to say where it stands: a word alone stands anywhere.
_LEAST_CHARS, _LEAST_TOKENS, _ENOUGH = 8, 3, 200
_CLOSERS, _ANY_WORD = re.compile(r"[\s)}\]]*"), re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Anchor:
    """`quote` is the text at the span as it stands in the file; `cleaned` the model's words for it.

    `score` is how alike the two are, from 0 to 1, spaces aside.
    """

    span: Span
    quote: str
    cleaned: str
    whole_lines: bool
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What a model says of where its quote stands. `hint` is a zero-based line."""

    quote: str
    symbol: str = ""
    hint: int | None = None


def find_anchor(source: AuditSource, symbols: Sequence[Symbol], chunk: tuple[int, int], claim: Claim) -> Anchor | None:
    """The one place the claim can mean, in the lines of the chunk before others; None if there is none."""
    for quote, places in _pools(source, claim, chunk[0]):
        if places:
            hint = claim.hint if quote.line is None else quote.line
            place = choose(places, source.plain, symbols, Evidence(quote.text, claim.symbol, hint, chunk))
            return _anchor(source, place, quote.text) if place else None
    return None


def _pools(source: AuditSource, claim: Claim, first_line: int) -> Iterator[tuple[Reading, list[Place]]]:
    """What each reading of the quote can mean, the surest first."""
    index = index_words(source)
    quotes = list(readings(claim.quote))
    around = source.offset(first_line if claim.hint is None else max(0, claim.hint))
    for quote, windows in find_windows(index, quotes, source.language):
        exact = list(_verbatim(source, index, quote.text, around))
        near = nsmallest(_MOST, windows, key=lambda window: abs(index.words.starts[window.first] - around))
        loose = [_place(source, index, quote.text, _bounds(index, window), cut=window.cut) for window in near]
        yield quote, _telling(index, quote, [*exact, *(place for place in loose if not _is_within(place, exact))])
    for quote in quotes:
        yield quote, _telling(index, quote, _verbatim(source, index, quote.text, around))


def _verbatim(source: AuditSource, index: Index, text: str, around: int) -> Iterator[Place]:
    """Where the very characters stand, comments included, and not in the middle of a word; in order."""
    for at in sorted(
        nsmallest(_MOST, islice(_occurrences(source.plain, text.strip()), _MOST_SEEN), key=lambda at: abs(at - around))
    ):
        yield _place(source, index, text, (at, at + len(text.strip())), verbatim=True)


def _occurrences(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        before, behind = text[max(0, at - 1) : at], text[at + len(part) : at + len(part) + 1]
        if not (_is_word(before) and _is_word(part[0])) and not (_is_word(behind) and _is_word(part[-1])):
            yield at
        at = text.find(part, at + len(part))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _is_within(place: Place, exact: Sequence[Place]) -> bool:
    """Whether it is one of the verbatim places, which are in order, perhaps without its comments."""
    at = bisect_right(exact, place.start, key=lambda other: other.start) - 1
    return at >= 0 and place.start < exact[at].end


def _bounds(index: Index, window: Window) -> tuple[int, int]:
    """The offsets of the words with the commas and semicolons behind them."""
    words = index.words
    end = words.ends[window.end - 1]
    behind = _SEPARATORS.match(words.code, end)
    return words.starts[window.first], behind.end() if behind else end


def _place(
    source: AuditSource, index: Index, text: str, bounds: tuple[int, int], *, verbatim: bool = False, cut: bool = False
) -> Place:
    start, end = bounds
    span = source.span(start, end)
    code = index.words.code
    first, last = source.offset(span.start_line), source.offset(span.end_line) + len(source.lines[span.end_line])
    indent = text[: len(text) - len(text.lstrip())]
    return Place(
        start=start,
        end=end,
        line=span.start_line,
        verbatim=verbatim,
        indented_alike=bool(indent) and source.plain[first:start] == indent,
        from_start=_CLOSERS.fullmatch(code, first, start) is not None,
        to_end=_ANY_WORD.search(code, end, last) is None,
        cut=cut,
    )


def _telling(index: Index, quote: Reading, places: Iterable[Place]) -> list[Place]:
    """Whole lines, and parts that do not only happen to have the same words."""
    code = index.words.code
    return [place for place in places if _is_meant(quote, place, code)]


def _is_meant(quote: Reading, place: Place, code: str) -> bool:
    whole = place.from_start and place.to_end
    if whole or quote.bare:
        # What was left of a quote after something was dropped must say more than a line that was quoted alone.
        return whole and (not quote.bare or _says_enough(code, place))
    begins_alike = place.from_start or place.verbatim or "\n" not in code[place.start : place.end]
    return begins_alike and _says_enough(code, place)


def _says_enough(code: str, place: Place) -> bool:
    text = code[place.start : min(place.end, place.start + _ENOUGH)]
    least_tokens = _LEAST_TOKENS - 1 if place.from_start and place.cut else _LEAST_TOKENS
    return len(text) >= _LEAST_CHARS and len(_TOKEN.findall(text)) >= least_tokens


def _anchor(source: AuditSource, place: Place, cleaned: str) -> Anchor:
    span = source.span(place.start, place.end)
    quote = source.plain[place.start : place.end]
    before = source.lines[span.start_line][: span.start]
    after = source.lines[span.end_line][span.end :]
    whole_lines = not before.strip() and not after.strip()
    return Anchor(span, quote, cleaned, whole_lines, similarity(cleaned, quote))
