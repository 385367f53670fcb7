"""The text under audit, as it was at one moment, addressed in lines and code points."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

_EOL = re.compile(r"\r\n|\n|\r")


class Span(NamedTuple):
    """Zero-based lines, columns in code points; the end is exclusive."""

    start_line: int
    start: int
    end_line: int
    end: int


@dataclass(frozen=True)
class AuditSource:
    """One document. `language` is the editor's language id."""

    uri: str
    text: str = field(repr=False)
    language: str

    @property
    def name(self) -> str:
        """The last segment of the URI: what a prompt may know of where the file lives."""
        return unquote(self.uri).rstrip("/").rpartition("/")[2]

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends, as LSP counts them: only CRLF, LF and CR end a line."""
        return tuple(self.text.split("\n") if "\r" not in self.text else _EOL.split(self.text))

    @cached_property
    def plain(self) -> str:
        """The lines joined by LF, so that offsets do not depend on line ends."""
        return "\n".join(self.lines)

    @cached_property
    def eol(self) -> str:
        """The line end of the first line."""
        found = _EOL.search(self.text)
        return found[0] if found else "\n"

    def offset(self, line: int, column: int = 0) -> int:
        """The offset in `plain`; the line after the last one is the end."""
        return self._starts[line] + column if line < len(self.lines) else len(self.plain)

    def span(self, start: int, end: int) -> Span:
        """The span of two offsets in `plain`."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end) - 1
        return Span(first, start - self._starts[first], last, end - self._starts[last])

    def raw(self, offset: int) -> int:
        """The offset in `text` of an offset in `plain`."""
        line = bisect_right(self._starts, offset) - 1
        return self._raw_starts[line] + offset - self._starts[line]

    def from_raw(self, offset: int) -> int:
        """The offset in `plain` of an offset in `text`; inside a line's end it is the end of that line."""
        line = bisect_right(self._raw_starts, offset) - 1
        return self._starts[line] + min(offset - self._raw_starts[line], len(self.lines[line]))

    def apply(self, span: Span, new_text: str) -> str:
        """`plain` with the span replaced."""
        start, end = self.offset(span.start_line, span.start), self.offset(span.end_line, span.end)
        return self.plain[:start] + new_text.replace("\r\n", "\n") + self.plain[end:]

    @cached_property
    def _raw_starts(self) -> list[int]:
        if "\r\n" not in self.text:
            return self._starts
        return [0, *(found.end() for found in _EOL.finditer(self.text))]

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for line in self.lines:
            starts.append(at)
            at += len(line) + 1
        return starts
