"""How far an audit is, in one line at the bottom of a terminal; above it, where it went elsewhere."""

import os
import unicodedata
from collections.abc import Iterator
from typing import TextIO

from maestro.cli.terminal import harmless
from maestro_protocol.base import WireModel
from maestro_protocol.events import AuditFindings, AuditRerouted, AuditStarted

_BAR = 20
_ERASE = "\r\x1b[K"
_USUAL_WIDTH = 80


class Progress:
    """An `EventSink` that draws on a stream, if that is a terminal; where a route goes on it says on any.

    `audit_id` is known once the audit has begun.
    """

    has_room = True

    def __init__(self, stream: TextIO, *, wanted: bool = True) -> None:
        self._stream = stream
        self._is_on = wanted and stream.isatty() and os.environ.get("TERM") != "dumb"
        self._drawn = False
        self._findings = 0
        self._at = (0, 0, "")
        self.audit_id = ""

    def __call__(self, done: int, total: int, name: str) -> None:
        """So many documents are done, that one last."""
        self._at = (done, total, name)
        self._draw()

    def told(self, what: str) -> None:
        """What is waited for."""
        self._at = (*self._at[:2], what)
        self._draw()

    def send(self, event: WireModel) -> None:
        match event:
            case AuditStarted(audit_id=audit_id):
                self.audit_id = audit_id
            case AuditFindings(findings=findings):
                self._findings += sum(finding.state in ("open", "touched") for finding in findings)
            case AuditRerouted(to=to, reason=reason):
                self.clear()
                self._stream.write(harmless(f"{reason} {to} is asked instead.", self._stream) + "\n")
                self._draw()

    async def room(self) -> None:
        """A terminal makes its own room."""

    def clear(self) -> None:
        """Leave no trace of the line."""
        if self._drawn:
            self._drawn = False
            self._stream.write(_ERASE)
            self._stream.flush()

    def _draw(self) -> None:
        done, total, name = self._at
        if not self._is_on:
            return
        self._drawn = True
        text = line(done, total, self._findings, harmless(name, self._stream), _width(self._stream))
        try:
            self._stream.write(_ERASE + text)
            self._stream.flush()
        except OSError:  # the terminal is gone; the audit is not about it
            self._is_on = False


def line(done: int, total: int, findings: int, name: str, width: int) -> str:
    """The progress in less than `width` columns, so that no terminal wraps it."""
    filled = _BAR * done // total if total else 0
    bar = f"[{'#' * filled}{'-' * (_BAR - filled)}] "
    found = f"{findings} finding" if findings == 1 else f"{findings} findings"
    text = f"{done}/{total}  {found}  {' '.join(name.split())}"
    return "".join(_fitting(bar + text if width >= 2 * _BAR else text, width - 1))


def _fitting(text: str, columns: int) -> Iterator[str]:
    for character in text:
        if unicodedata.combining(character):
            yield character
            continue
        columns -= 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if columns < 0:
            return
        yield character


def _width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_WIDTH
    except (OSError, ValueError):
        return _USUAL_WIDTH
