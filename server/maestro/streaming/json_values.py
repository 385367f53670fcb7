"""Cuts a stream of JSON text into its objects: a JSON array that arrives in pieces, or JSON lines without framing."""

import re

_OUTSIDE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\]]', re.DOTALL)
"""A whole string, the beginning of one, or a bracket."""
_INSIDE = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
"""The rest of a string up to its closing quote."""


class ValueTooLarge(ValueError):
    """One JSON value is over the limit."""


class JsonValues:
    """Balances braces outside of strings; linear in its input, however small the pieces."""

    def __init__(self, max_chars: int) -> None:
        self._max = max_chars
        self._pieces: list[str] = []
        self._size = 0
        self._depth = 0
        self._arrays = 0
        self._in_string = False
        self._escaped = False
        self.closed = False
        """The outermost array was closed."""

    @property
    def idle(self) -> bool:
        """No object and no array is open."""
        return not self._depth and not self._arrays

    @property
    def inside(self) -> bool:
        """An object is open."""
        return bool(self._depth)

    def feed(self, text: str) -> list[str]:
        """The objects completed by this text; arrays around them, commas and blanks are dropped.

        Raises:
            ValueTooLarge: an object is over the limit.
        """
        values: list[str] = []
        start = position = 0
        while position < len(text):
            if self._in_string:
                position = self._leave_string(text, position)
                continue
            found = _OUTSIDE.search(text, position)
            if found is None:
                break
            position = found.end()
            was_inside = self.inside
            self._step(text[found.start() : position])
            if self.inside and not was_inside:
                start = found.start()
            elif was_inside and not self.inside:
                values.append("".join(self._pieces) + text[start:position])
                self._pieces.clear()
                self._size = 0
        if self._depth:
            self._keep(text[start:])
        return values

    def _step(self, token: str) -> None:
        if token == '"':
            self._in_string = True
        elif token == "{" or (token == "[" and self._depth):
            self._depth += 1
        elif token == "[":
            self._arrays += 1
        elif token in ("}", "]") and self._depth:
            self._depth -= 1
        elif token == "]":
            self._arrays = max(0, self._arrays - 1)
            self.closed = not self._arrays

    def _leave_string(self, text: str, position: int) -> int:
        if self._escaped:
            self._escaped = False
            position += 1
        found = _INSIDE.match(text, position)
        if found is not None:
            self._in_string = False
            return found.end()
        tail = len(text) - len(text.rstrip("\\"))
        self._escaped = min(tail, len(text) - position) % 2 == 1
        return len(text)

    def _keep(self, rest: str) -> None:
        self._pieces.append(rest)
        self._size += len(rest)
        if self._size > self._max:
            raise ValueTooLarge
