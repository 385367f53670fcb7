"""Bytes of a peer into message bodies: tolerant of everything that still leaves a header to find."""

import json
import re
from typing import NamedTuple, TypeAlias

HEAD_BYTES = 4096
"""How much of an oversized body is kept, to find its id in."""
LONGEST_LINE = 8192
STEP_BYTES = 256
TAIL_BYTES = 64
"""How much of an endless line is kept: a header may be glued to its end."""

_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,12})[ \t]*\r?\n\Z", re.IGNORECASE)
_TYPE = re.compile(rb"content-type[ \t]*:.*\Z", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s"{}\[\]:,]+|"')


class Garbage(NamedTuple):
    """Bytes that are no message were skipped, up to the next header."""


class Oversized(NamedTuple):
    """A body over the limit is being discarded; `head` is how it begins."""

    head: bytes


Input: TypeAlias = bytes | Garbage | Oversized


class FrameDecoder:
    """Feed it what was read; it holds at most one body of `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._line = bytearray()
        self._length: int | None = None
        self._body = bytearray()
        self._missing = 0
        self._discarding = False
        self._in_garbage = False
        self._found: list[Input] = []

    def feed(self, data: bytes) -> list[Input]:
        """What `data` completes, in order."""
        view = memoryview(data)
        while view:
            view = view[self._take_body(view) if self._missing else self._take_line(view) :]
        found, self._found = self._found, []
        return found

    def _take_line(self, view: memoryview) -> int:
        chunk = bytes(view[:STEP_BYTES])
        taken = chunk.find(b"\n") + 1 or len(chunk)
        self._line += chunk[:taken]
        if self._line.endswith(b"\n"):
            line, self._line = bytes(self._line), bytearray()
            self._read_line(line)
        elif len(self._line) > LONGEST_LINE:
            self._skip()
            del self._line[:-TAIL_BYTES]
        return taken

    def _read_line(self, line: bytes) -> None:
        if line in (b"\r\n", b"\n"):
            self._end_header()
        elif header := _LENGTH.search(line):
            if header.start():
                self._skip()
            self._length = int(header[1])
        elif not _TYPE.match(line):
            self._skip()

    def _end_header(self) -> None:
        if self._length is None:
            return
        self._missing, self._length = self._length, None
        self._in_garbage = False
        self._discarding = self._missing > self.limit
        if not self._missing:
            self._found.append(b"")

    def _skip(self) -> None:
        """Report a run of garbage once."""
        if not self._in_garbage:
            self._in_garbage = True
            self._found.append(Garbage())

    def _take_body(self, view: memoryview) -> int:
        taken = min(len(view), self._missing)
        self._missing -= taken
        if self._discarding:
            self._keep_head(view[:taken])
        else:
            self._body += view[:taken]
            if not self._missing:
                body, self._body = bytes(self._body), bytearray()
                self._found.append(body)
        return taken

    def _keep_head(self, view: memoryview) -> None:
        """Collect the first bytes and report once; the rest is dropped as it comes."""
        room = HEAD_BYTES - len(self._body)
        if room > 0:
            self._body += view[:room]
            if len(self._body) == HEAD_BYTES:
                self._found.append(Oversized(bytes(self._body)))
        if not self._missing:
            self._body.clear()


def find_id(head: bytes) -> str | int | float | None:
    """The top-level `id` of a JSON object of which only the beginning is there; None if it is not in it."""
    depth, key, previous = 0, "", ""
    for match in _TOKEN.finditer(head.decode("utf-8", "ignore")):
        token = match[0]
        if token == '"':
            return None  # a string that does not end
        if token in "{[":
            depth += 1
        elif token in "}]":
            depth -= 1
        elif depth == 1 and token == ":":
            key = previous
        elif depth == 1 and key == '"id"' and previous == ":" and match.end() < len(match.string):
            return _scalar(token)
        previous = token
    return None


def _scalar(token: str) -> str | int | float | None:
    try:
        value = json.loads(token)
    except ValueError:
        return None
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None
