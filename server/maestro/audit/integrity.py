"""What no model should be asked: characters nobody sees, and imitations of our own frame."""

import re
import unicodedata
from collections.abc import Iterator

from maestro.audit.prompt import MARKER
from maestro.audit.source import AuditSource
from maestro.audit.wire import WireFinding

# Bidirectional controls, zero-width characters (not the joiners of emoji and scripts), and tag characters.
_HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff\U000e0001\U000e0020-\U000e007f]+")
_MAX_FINDINGS = 20


def check_integrity(source: AuditSource) -> list[WireFinding]:
    """Findings without a model: one per line, at most twenty."""
    found: list[WireFinding] = []
    for number, line in enumerate(source.lines):
        for finding in _check_line(number, line.removeprefix("\ufeff") if number == 0 else line):
            found.append(finding)
        if len(found) >= _MAX_FINDINGS:
            break
    return found


def _check_line(number: int, line: str) -> Iterator[WireFinding]:
    if hidden := _HIDDEN.search(line):
        name = unicodedata.name(hidden[0][0], f"U+{ord(hidden[0][0]):04X}")
        yield WireFinding(
            quote=line,
            line=number + 1,
            why=f"The line holds a character that is not drawn ({name.lower()}): what runs is not what is read.",
            rule="hidden-text",
            severity="high",
            confidence="high",
            title="Hidden characters in this line",
            fix=_HIDDEN.sub("", line),
        )
    if MARKER in line:
        yield WireFinding(
            quote=line,
            line=number + 1,
            why="The line imitates the frame around audited code, which only an attempt to mislead an audit needs.",
            rule="imitated-marker",
            severity="high",
            confidence="high",
            title="Text imitates an audit request",
        )
