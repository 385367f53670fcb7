"""Models as a table for people: one group per provider, the full name first, so that it can be copied."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import TypeAlias

from maestro_protocol.models import Model, Price

Row: TypeAlias = tuple[str, str, str, str, str, str]

_HEAD: Row = ("MODEL", "SHORT", "WINDOW", "$/M IN", "$/M OUT", "")
_RIGHT = (False, False, True, True, True, False)
"""Which columns are numbers."""


def table(models: Sequence[Model], labels: Mapping[str, str], default: str | None) -> list[str]:
    """The lines; `labels` by provider id, `default` the id of the model used when none is named."""
    groups = {
        name: [_row(model, default) for model in group]
        for name, group in groupby(sorted(models, key=lambda one: one.provider), lambda one: one.provider)
    }
    rows = [_HEAD, *(row for group in groups.values() for row in group)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(_HEAD, widths)]
    for name, group in groups.items():
        lines += ["", labels.get(name, name), *(_line(row, widths) for row in group)]
    noted = {model.prices.as_of for model in models if model.prices and model.prices.as_of}
    return [*lines, "", f"~ from public lists, noted by {max(noted)}"] if noted else lines


def _row(model: Model, default: str | None) -> Row:
    short = model.short_name if model.short_name != model.name else None
    return (
        model.id,
        short or "",
        _tokens(model.context_window),
        *_prices(model.prices),
        ", ".join(_notes(model, default)),
    )


def _notes(model: Model, default: str | None) -> Iterable[str]:
    if model.id == default:
        yield "default"
    if model.deprecated:
        yield f"deprecated, until {model.retires_on}" if model.retires_on else "deprecated"


def _tokens(count: int | None) -> str:
    """`400k`, `1M`: what fits a table; powers of two are meant as the round numbers beside them."""
    if not count:
        return ""
    if count < 1_000:
        return str(count)
    return f"{count / 1_000_000:.3g}M" if count >= 1_000_000 else f"{count / 1_000:.0f}k"


def _prices(prices: Price | None) -> tuple[str, str]:
    """In and out; those that the service did not tell itself are marked."""
    if prices is None:
        return "", ""
    mark = "~" if prices.as_of else ""
    return mark + _dollars(prices.input), mark + _dollars(prices.output)


def _dollars(price: str) -> str:
    amount = Decimal(price)
    return f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount.normalize():f}"


def _line(row: Row, widths: Sequence[int]) -> str:
    cells = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(row, widths, _RIGHT, strict=True)
    )
    return "  ".join(cells).rstrip()
