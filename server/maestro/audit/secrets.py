"""Secrets in code: taken out before anything is sent, by placeholders of the same length, and put back in fixes."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import count

# Every repetition that can fail late is bounded: a hostile file must not cost more than linear time.
_TOKENS = (
    r"sk-[A-Za-z0-9_-]{16,}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    r"gh[pousr]_[A-Za-z0-9]{20,}",
    r"github_pat_[A-Za-z0-9_]{20,}",
    r"glpat-[A-Za-z0-9_-]{16,}",
    r"xox[abeprs]-[A-Za-z0-9-]{10,}",
    r"AIza[A-Za-z0-9_-]{30,}",
    r"ya29\.[A-Za-z0-9_-]{16,}",
    r"[rs]k_live_[A-Za-z0-9]{16,}",
    r"eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,2000}",
)
_TOKEN = re.compile(r"(?<![A-Za-z0-9])(?P<value>" + "|".join(_TOKENS) + ")")
_ASSIGNED = re.compile(
    r"(?i)(?:password|passwd|secret|api_?key|access_?key|auth_?token|access_?token|private_?key)[a-z0-9_]{0,40}"
    r"[\"']?\s{0,8}(?::\s{0,8}[a-z]{1,20}\s{0,8})?(?:=>|=|:)\s{0,8}(?P<mark>[\"'])(?P<value>[^\"'\s]{8,})(?P=mark)"
)
_USERINFO = re.compile(r"[a-z]{2,20}://[^\s:/@\"']{1,100}:(?P<value>[^\s:/@\"'{}$]{8,200})@")
_PEM = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?P<body>.*?)(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.S
)
_PEM_LINE = re.compile(r"(?P<value>[A-Za-z0-9+/=]{8,})")

PLACEHOLDER = re.compile(r"MSK\d{5}x*")
"""What stands for a secret that was taken out."""


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


def mask(text: str) -> Masked:
    """Replace every secret of at least eight characters; the same secret always by the same placeholder."""
    placeholders: dict[str, str] = {}
    pieces, at = [], 0
    for start, end in _merge(_spans(text)):
        value = text[start:end]
        if value not in placeholders:
            placeholders[value] = _placeholder(len(value), placeholders.values(), text)
        pieces += [text[at:start], placeholders[value]]
        at = end
    return Masked("".join([*pieces, text[at:]]), {placeholder: value for value, placeholder in placeholders.items()})


def _spans(text: str) -> list[tuple[int, int]]:
    found = [m.span("value") for pattern in (_TOKEN, _ASSIGNED, _USERINFO) for m in pattern.finditer(text)]
    for block in _PEM.finditer(text):
        found += [m.span("value") for m in _PEM_LINE.finditer(text, *block.span("body"))]
    return sorted(found)


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _placeholder(length: int, taken: Collection[str], text: str) -> str:
    """`MSK00012xxx`, never something that stands in the text already."""
    candidates = (f"MSK{number:05d}".ljust(length, "x") for number in count(len(taken)))
    return next(candidate for candidate in candidates if candidate not in text and candidate not in taken)
