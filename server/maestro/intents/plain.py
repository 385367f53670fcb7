"""Text that others wrote, as it may stand in one line a person reads and decides by."""

import re
import unicodedata

from maestro.redact import redact

_BLANK = re.compile(r"\s+")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Controls, marks of direction and width, halves of characters, and what no font shows."""


def plain(text: str) -> str:
    """One line without secrets and without characters that hide, reorder or overwrite others."""
    return redact(visible(text)).strip()


def visible(text: str) -> str:
    """One line without characters that hide, reorder or overwrite others."""
    line = _BLANK.sub(" ", text)
    return "".join(character for character in line if unicodedata.category(character) not in _UNSEEN).strip()


def shortened(text: str, most: int) -> str:
    """The text with its middle left out, and said so, if it has more than `most` characters."""
    if len(text) <= most:
        return text
    half = max(most // 2, 1)
    return f"{text[:half]} … ({len(text) - 2 * half:,} more characters) … {text[-half:]}"
