"""Text that others wrote, as it may stand in one line a person reads and decides by."""

import re
import unicodedata

from maestro.redact import redact

_BLANK = re.compile(r"\s+")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Controls, marks of direction and width, halves of characters, and what no font shows."""


def plain(text: str) -> str:
    """One line without secrets, whatever is put between their characters, and with nothing that deceives."""
    bare = "".join(character for character in text if not _is_unseen(character) or character.isspace())
    safe = redact(bare)
    return visible(text if safe == bare else safe)


def visible(text: str) -> str:
    """One line in which what hides, reorders or overwrites other characters is seen, as `\\u202e`."""
    line = _BLANK.sub(" ", text).strip()
    return "".join(_escaped(character) if _is_unseen(character) else character for character in line)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def shortened(text: str, most: int) -> str:
    """The text with its middle left out, and said so, if it has more than `most` characters."""
    if len(text) <= most:
        return text
    half = max(most // 2, 1)
    return f"{text[:half]} … ({len(text) - 2 * half:,} more characters) … {text[-half:]}"
