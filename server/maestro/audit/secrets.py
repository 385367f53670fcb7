"""Secrets in code: taken out before anything is sent, by placeholders of the same length, and put back in fixes."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import count

from maestro.audit.secret_values import secret_spans

PLACEHOLDER = re.compile(r"MSK\d{5}x*|[\ue000-\uf8ff]+")
"""What stands for a secret that was taken out."""
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Masked:
    """The text without its secrets: same lines, same columns."""

    text: str = field(repr=False)
    secrets: dict[str, str] = field(repr=False)
    """What each placeholder stands for."""

    def restore(self, text: str) -> str:
        """Put the secrets back."""
        if not self.secrets:
            return text
        known = sorted(self.secrets, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, known)), lambda found: self.secrets[found[0]], text)

    def hidden_in(self, text: str) -> list[str]:
        """The secrets whose placeholders stand in a piece of the text."""
        return [value for placeholder, value in self.secrets.items() if placeholder in text]


def mask(text: str, also: Iterable[tuple[int, int]] = (), *, language: str = "") -> Masked:
    """Replace every secret; the same secret always by the same placeholder.

    `also` are spans of secrets that do not look like any; they hold no end of a line.
    `language` is an editor's id, "" where none is known.
    """
    placeholders: dict[str, str] = {}
    pieces, at = [], 0
    for start, end in merge(sorted([*secret_spans(text, language), *also])):
        value = text[start:end]
        if value not in placeholders:
            placeholders[value] = _placeholder(len(value), placeholders.values(), text)
        pieces += [text[at:start], placeholders[value]]
        at = end
    return Masked("".join([*pieces, text[at:]]), {placeholder: value for value, placeholder in placeholders.items()})


def merge(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans without their overlaps."""
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _placeholder(length: int, taken: Collection[str], text: str) -> str:
    """`MSK00012xxx`, never something that stands in the text already.

    What is too short for that is replaced by a character no text uses (Unicode's private area begins at U+E000).
    """
    numbers = count(len(taken))
    candidates = (
        f"MSK{n:05d}".ljust(length, "x") if length >= _SHORTEST else chr(0xE000 + n) * length for n in numbers
    )
    return next(candidate for candidate in candidates if candidate not in text and candidate not in taken)
