"""As much of MessagePack as Neovim's own RPC needs: what a test sends, and everything that comes back."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

Value = Any


def pack(value: Value) -> bytes:
    """None, booleans, integers, strings and lists of these."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return b"\xd3" + struct.pack(">q", value)
    if isinstance(value, str):
        data = value.encode()
        return b"\xdb" + struct.pack(">I", len(data)) + data
    return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))


class Unpacker:
    """Bytes in, whole values out; `EOFError` where more bytes are needed."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def value(self) -> Value:
        tag = self._take(1)[0]
        if tag <= 0x7F:
            return tag
        if tag >= 0xE0:
            return tag - 256
        if tag <= 0x8F:
            return self._map(tag & 0x0F)
        if tag <= 0x9F:
            return self._list(tag & 0x0F)
        if tag <= 0xBF:
            return self._text(tag & 0x1F)
        return _TAGS[tag](self)

    def _take(self, count: int) -> bytes:
        if self.at + count > len(self._data):
            raise EOFError
        self.at += count
        return self._data[self.at - count : self.at]

    def _number(self, form: str) -> Any:
        return struct.unpack(f">{form}", self._take(struct.calcsize(form)))[0]

    def _text(self, length: int) -> str:
        return self._take(length).decode("utf-8", "surrogateescape")

    def _list(self, length: int) -> list[Value]:
        return [self.value() for _ in range(length)]

    def _map(self, length: int) -> dict[Value, Value]:
        return {self.value(): self.value() for _ in range(length)}

    def _extension(self, length: int) -> int:
        """A buffer, window or tab page, as its number."""
        self._take(1)
        return int(Unpacker(self._take(length)).value())


_NUMBERS = {
    0xCA: "f",
    0xCB: "d",
    0xCC: "B",
    0xCD: "H",
    0xCE: "I",
    0xCF: "Q",
    0xD0: "b",
    0xD1: "h",
    0xD2: "i",
    0xD3: "q",
}
_SIZED: tuple[tuple[int, Callable[[Unpacker, int], Value]], ...] = (
    (0xD9, Unpacker._text),
    (0xC4, Unpacker._text),
    (0xC7, Unpacker._extension),
)


def _tags() -> Mapping[int, Callable[[Unpacker], Value]]:
    tags: dict[int, Callable[[Unpacker], Value]] = {
        0xC0: lambda _: None,
        0xC2: lambda _: False,
        0xC3: lambda _: True,
        0xDC: lambda it: it._list(it._number("H")),
        0xDD: lambda it: it._list(it._number("I")),
        0xDE: lambda it: it._map(it._number("H")),
        0xDF: lambda it: it._map(it._number("I")),
    }
    tags |= {tag: lambda it, form=form: it._number(form) for tag, form in _NUMBERS.items()}
    for first, read in _SIZED:
        for step, form in enumerate("BHI"):
            tags[first + step] = lambda it, form=form, read=read: read(it, it._number(form))
    tags |= {0xD4 + step: lambda it, size=1 << step: it._extension(size) for step in range(5)}
    return tags


_TAGS = _tags()
