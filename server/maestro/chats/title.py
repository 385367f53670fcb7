"""A chat's title, from the first thing said in it."""

import re
import unicodedata

LENGTH = 60
UNTITLED = "New chat"

_JOINERS = "\u200c\u200d"
"""Of which letters and emoji are composed."""

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_OPENING = re.compile(r"^(?:#{1,6}(?:\s+|$)|>\s?|[-*+]\s+|\d{1,3}[.)]\s+)+")
_EMPHASIS = re.compile(r"(\*{1,3}|_{1,3}|~~|`+)(?=\S)(.+?)(?<=\S)\1(?!\w)")


def title_of(text: str) -> str:
    """The first line that says something, at most 60 characters, cut at a word, without Markdown and characters that
    cannot be seen; `New chat` if there is none."""
    for line in text.splitlines():
        if not _FENCE.match(line) and (plain := _plain(line)):
            return _cut(plain)
    return UNTITLED


def _plain(line: str) -> str:
    line = " ".join(_visible(line).split())
    line = _LINK.sub(r"\1", _OPENING.sub("", line))
    line = _EMPHASIS.sub(r"\2", line)
    return line if any(character.isalnum() for character in line) else ""


def _visible(line: str) -> str:
    """Control characters, among them those that turn the direction of writing, become spaces or nothing."""
    return "".join(" " if character.isspace() else character for character in line if _is_seen(character))


def _is_seen(character: str) -> bool:
    return character.isspace() or character in _JOINERS or not unicodedata.category(character).startswith("C")


def _cut(line: str) -> str:
    if len(line) <= LENGTH:
        return line
    start = line[: LENGTH - 1]
    words = start if line[LENGTH - 1].isspace() else start.rpartition(" ")[0]
    return f"{(words or start).rstrip()}…"
