"""Statements that delete data of a database, found in one pass over a text however it is made."""

import re
from collections.abc import Iterator

_GAP = r"[\s/*]+"
_DROPS = re.compile(rf"\b(?:drop{_GAP}(?:table|database|schema|view|index|column|user|role)\b|truncate{_GAP}\w)", re.I)
_DELETES = re.compile(rf"\bdelete{_GAP}from\b", re.I)
_ALTERS = re.compile(rf"\balter{_GAP}table\b", re.I)
_WHERE = re.compile(r"\bwhere\b", re.I)
_DROP = re.compile(r"\bdrop\b", re.I)
_ENDS = re.compile(r"[;\0]")


def deletes_data(text: str) -> bool:
    """Whether a table is dropped or emptied, or rows are deleted without saying which."""
    if _DROPS.search(text):
        return True
    return any(not has for has in _has(text, _DELETES, _WHERE)) or any(_has(text, _ALTERS, _DROP))


def _has(text: str, first: re.Pattern[str], then: re.Pattern[str]) -> Iterator[bool]:
    """For each statement that begins as `first` says, whether it goes on with `then`."""
    if not first.search(text):
        return
    for statement in _ENDS.split(text):
        begun = [match.end() for match in first.finditer(statement)]
        followed = [match.start() for match in then.finditer(statement)] if begun else []
        if begun:
            yield bool(followed) and followed[-1] > begun[-1]
