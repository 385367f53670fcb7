"""Where values that must never go out stand in a text: as they are, and in the forms a program would give them."""

import json
import re
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Collection, Iterator
from itertools import accumulate
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""Characters; shorter values stand in too many other places."""
_SHORTEST_CHANGED = 12
"""The same for a value in another form, or broken into lines."""
_LINE = re.compile(r"[^\r\n]+")
_WRAPPED = re.compile(r"[A-Za-z0-9+/=_%-]{16}(?:\r\n|\r|\n)[A-Za-z0-9+/=_%-]")
"""Where `base64` or `xxd` may have broken a line."""
_URL_SAFE = str.maketrans("+/", "-_")


def held_spans(text: str, values: Collection[str]) -> list[tuple[int, int]]:
    """Where the values stand, sorted; spans may overlap and never hold the end of a line."""
    forms = {form for value in values for form in _forms(value)}
    spans = [part for form in forms for span in _places(text, form) for part in _by_line(text, *span)]
    if _WRAPPED.search(text) is not None:
        spans += _across_lines(text, {form for form in forms if len(form) >= _SHORTEST_CHANGED})
    return sorted(spans)


def _forms(value: str) -> Iterator[str]:
    if len(value) < SHORTEST:
        return
    yield value
    if len(value) < _SHORTEST_CHANGED:
        return
    yield value[::-1]
    yield json.dumps(value)[1:-1]
    data = value.encode("utf-8", "surrogatepass")
    yield from (data.hex(), data.hex().upper())
    escaped = "".join(f"%{byte:02x}" for byte in data)
    yield from (escaped, escaped.upper())
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield from (quoted, re.sub("%..", lambda found: found[0].lower(), quoted))
    for encoded in _base64(data):
        yield from (encoded, encoded.translate(_URL_SAFE))


def _base64(data: bytes) -> Iterator[str]:
    """The value by itself, and the characters it alone decides wherever it stands in something that was encoded."""
    yield b64encode(data).decode().rstrip("=")
    for before in range(3):
        encoded = b64encode(bytes(before) + data).decode()
        foreign = (0, 3, 2)[(before + len(data)) % 3]
        yield encoded[(0, 2, 3)[before] : len(encoded) - foreign]


def _places(text: str, form: str) -> Iterator[tuple[int, int]]:
    at = text.find(form)
    while at >= 0:
        yield at, at + len(form)
        at = text.find(form, at + len(form))


def _by_line(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    yield from (line.span() for line in _LINE.finditer(text, start, end))


def _across_lines(text: str, forms: Collection[str]) -> Iterator[tuple[int, int]]:
    lines = list(_LINE.finditer(text))
    starts = [0, *accumulate(line.end() - line.start() for line in lines)]
    joined = "".join(line[0] for line in lines)

    def original(at: int) -> int:
        number = bisect_right(starts, at) - 1
        return lines[number].start() + at - starts[number]

    for form in forms:
        broken = "".join(line[0] for line in _LINE.finditer(form))
        for start, end in _places(joined, broken):
            yield from _by_line(text, original(start), original(end - 1) + 1)
