"""Where a quote stands in the text: by its words, never by the line a model claims."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maestro.audit.source import AuditSource, Span
from maestro.audit.symbols import Symbol, enclosing, same_symbol

_FENCE = re.compile(r"\A\s*(?:```|~~~)[\w+-]*[ \t]*\n(.*?)\n?[ \t]*(?:```|~~~)\s*\Z", re.S)
_GUTTER = re.compile(r"[ \t]*L?\d+(?:[ \t]*[|:│]|\t)[ ]?")
_DIFF_SIGN = re.compile(r"[+-]")
_MAX_QUOTE = 4_000
_TOKEN = re.compile(r"\w+|[^\w\s]")
# A part of a line says where it stands only from here on: a word alone stands anywhere.
_LEAST_CHARS, _LEAST_TOKENS = 8, 3


@dataclass(frozen=True, slots=True)
class Anchor:
    """`quote` is the text at the span as it stands in the file; `cleaned` the model's words for it."""

    span: Span
    quote: str
    cleaned: str
    whole_lines: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What a model says of where its quote stands. `hint` is a zero-based line."""

    quote: str
    symbol: str = ""
    hint: int | None = None


def find_anchor(source: AuditSource, symbols: Sequence[Symbol], chunk: tuple[int, int], claim: Claim) -> Anchor | None:
    """The one place the claim can mean, in the lines of the chunk or else in the file; None if there is none."""
    first, last = chunk
    in_chunk = (source.offset(first), source.offset(last, len(source.lines[last])))
    for start, end in (in_chunk, (0, len(source.plain))):
        for quote in _readings(claim.quote):
            if found := _occurrences(source, quote, start, end):
                return _choose(found, list(symbols), claim)
    return None


def _readings(quote: str) -> Iterator[str]:
    """The quote as it is, then without what models wrap around quotes, where every line has it."""
    if len(quote) > _MAX_QUOTE:
        return
    seen = set()
    text = quote.replace("\r\n", "\n").replace("\r", "\n")
    readings = [text]
    for clean in (_unfence, _ungutter, _undiff, html.unescape, _unescape):
        readings.append(clean(readings[-1]))
    for reading in readings:
        trimmed = reading.strip("\n").rstrip()
        if trimmed not in seen and any(character.isalnum() for character in trimmed):
            seen.add(trimmed)
            yield trimmed


def _unfence(text: str) -> str:
    found = _FENCE.match(text)
    return found[1] if found else text


def _ungutter(text: str) -> str:
    return _strip_all(text, _GUTTER)


def _undiff(text: str) -> str:
    return _strip_all(text, _DIFF_SIGN)


def _strip_all(text: str, prefix: re.Pattern[str]) -> str:
    lines = text.strip("\n").split("\n")
    if not all(prefix.match(line) for line in lines):
        return text
    return "\n".join(prefix.sub("", line, count=1) for line in lines)


def _unescape(text: str) -> str:
    """Undo JSON escapes that were escaped once more."""
    return text if "\n" in text else re.sub(r"\\([nt\"])", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text)


def _occurrences(source: AuditSource, quote: str, start: int, end: int) -> list[Anchor]:
    exact = re.compile(re.escape(quote))
    spaced = re.compile(r"\s+".join(map(re.escape, quote.split())))
    for pattern in (exact, spaced):
        anchors = [
            _anchor(source, match, quote)
            for match in pattern.finditer(source.plain, start, end)
            if _stands_alone(source.plain, match)
        ]
        found = [anchor for anchor in anchors if anchor.whole_lines or _is_telling(anchor.quote)]
        whole = [anchor for anchor in found if anchor.whole_lines]
        if whole or found:
            return whole or found
    return []


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """Not in the middle of a word."""
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return not (_is_word(before) and _is_word(match[0][0])) and not (_is_word(after) and _is_word(match[0][-1]))


def _is_telling(quote: str) -> bool:
    return len(quote) >= _LEAST_CHARS and len(_TOKEN.findall(quote)) >= _LEAST_TOKENS


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _anchor(source: AuditSource, match: re.Match[str], cleaned: str) -> Anchor:
    """The match without the indentation it may begin with."""
    start = match.start() + len(match[0]) - len(match[0].lstrip())
    span = source.span(start, match.end())
    before = source.lines[span.start_line][: span.start]
    after = source.lines[span.end_line][span.end :]
    return Anchor(span, source.plain[start : match.end()], cleaned, not before.strip() and not after.strip())


def _choose(found: list[Anchor], symbols: list[Symbol], claim: Claim) -> Anchor | None:
    """The only one, or the only one in the claimed symbol, or the only one nearest to the claimed line."""
    inside = [a for a in found if same_symbol(claim.symbol, enclosing(symbols, a.span.start_line))]
    found = inside or found
    if len(found) == 1:
        return found[0]
    if claim.hint is None:
        return None
    hint = claim.hint
    ranked = sorted(found, key=lambda anchor: abs(anchor.span.start_line - hint))
    nearest, second = (abs(anchor.span.start_line - hint) for anchor in ranked[:2])
    return ranked[0] if nearest < second else None
