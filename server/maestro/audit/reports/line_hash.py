"""Hashes of lines as code scanning on GitHub computes them, so that an alert keeps its history between uploads."""

import re
from collections import Counter

_WINDOW = 100
_FACTOR = 37
_MASK = (1 << 64) - 1
_LEAVING = pow(_FACTOR, _WINDOW, _MASK + 1)
_END = 0xFFFF


def primary_location_line_hashes(text: str) -> list[str]:
    """One `hash:n` per line; `n` counts equal hashes from the top.

    A hash covers the hundred UTF-16 units from the start of its line on, blanks left out and line ends as LF.
    """
    units, starts = _units(text)
    prefix = [0]
    for unit in [*units, *[0] * _WINDOW]:
        prefix.append((prefix[-1] * _FACTOR + unit) & _MASK)
    counts: Counter[str] = Counter()
    hashes = []
    for start in starts:
        hash_ = f"{(prefix[start + _WINDOW] - prefix[start] * _LEAVING) & _MASK:x}"
        counts[hash_] += 1
        hashes.append(f"{hash_}:{counts[hash_]}")
    return hashes


def _units(text: str) -> tuple[list[int], list[int]]:
    """What is hashed, up to the mark of the end, and where in it each line starts."""
    said = re.sub(r"[ \t]", "", re.sub(r"\r\n?", "\n", text))
    encoded = said.encode("utf-16-le", "surrogatepass")
    units = [int.from_bytes(encoded[at : at + 2], "little") for at in range(0, len(encoded), 2)]
    starts = [0, *(at + 1 for at, unit in enumerate(units) if unit == 0x0A)]
    return [*units, _END], starts
