"""Functions and classes as an editor points at them."""

from collections.abc import Sequence

from maestro.audit.code.symbols import Symbol
from maestro.audit.positions import to_range
from maestro.audit.source import AuditSource, Span
from maestro.positions import Encoding
from maestro_protocol.chat import Range


def innermost(symbols: Sequence[Symbol], line: int) -> Symbol | None:
    """The smallest definition around a zero-based line."""
    around = [symbol for symbol in symbols if symbol.first_line <= line <= symbol.last_line]
    return min(around, key=lambda symbol: symbol.last_line - symbol.first_line, default=None)


def whole_lines(source: AuditSource, first: int, last: int, encoding: Encoding) -> Range:
    """From the beginning of one zero-based line to the end of another."""
    last = min(last, len(source.lines) - 1)
    return to_range(source.lines, Span(min(first, last), 0, last, len(source.lines[last])), encoding)
