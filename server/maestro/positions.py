"""Lines and columns: editors count UTF-8, UTF-16 or UTF-32 units, Python counts code points."""

import re
from typing import Literal, TypeAlias

Encoding: TypeAlias = Literal["utf-8", "utf-16", "utf-32"]


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def split_lines(text: str) -> list[str]:
    """The lines with their ends, as LSP counts them: unlike `str.splitlines`, a form feed or U+2028 ends none."""
    return _LINE.findall(text)


def to_units(line: str, column: int, encoding: Encoding) -> int:
    """A column in code points, in the units of the encoding; beyond the end is the end."""
    before = line[:column]
    if encoding == "utf-32" or before.isascii():
        return len(before)
    if encoding == "utf-8":
        return len(before.encode("utf-8", "surrogatepass"))
    return len(before) + sum(character > "\uffff" for character in before)


def from_units(line: str, character: int, encoding: Encoding) -> int:
    """The column in code points; beyond the end is the end, inside a character is before it."""
    if encoding == "utf-32" or line.isascii():
        return min(character, len(line))
    units = 0
    for column, symbol in enumerate(line):
        units += to_units(symbol, 1, encoding)
        if units > character:
            return column
    return len(line)
