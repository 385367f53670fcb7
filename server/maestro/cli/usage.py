"""`maestro usage`: what was spent, on what, and what is left of the budgets."""

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from maestro.app import Services
from maestro.cli.terminal import checked, run_with_services, say, styled
from maestro.errors import MaestroError
from maestro.intents.plain import shortened, visible
from maestro.services.models.price_lists import EXTRA
from maestro.services.spending import today
from maestro.services.taken import dollars, exactly
from maestro_protocol.errors import Issue
from maestro_protocol.usage import BudgetState, UsageRow, UsageSummaryParams, UsageSummaryResult

_NUMBERS = ("TURNS", "REQUESTS", "INPUT", "CACHED", "OUTPUT", "TOKENS", "COST")
_UNKNOWN = "-"
_NONE = "none"
_LONGEST = 50
"""Characters of a name."""
_DAYS = re.compile(r"([1-9]\d{0,3})d")
_A_TIME = "must be `today`, a number of days as 7d, or a day as 2026-03-01"


def run(options: argparse.Namespace) -> int:
    """0 whether or not there is something to show."""
    return run_with_services(lambda services: _show(services, options))


async def _show(services: Services, options: argparse.Namespace) -> int:
    since = _since(options.since) if options.since else None
    params = checked(UsageSummaryParams, {"by": options.by, "since": since.isoformat() if since else None})
    summary = await services.usage.summary(params)
    if options.json:
        print(json.dumps(summary.to_wire(), indent=2))
        return 0
    if summary.rows:
        _print_table(options.by, summary)
        for line in (*_about_costs(summary), *(_budget(one) for one in summary.budgets)):
            print(line)
        await _advise(services, summary.rows)
        return 0
    for budget in summary.budgets:
        print(_budget(budget))
    say(f"Nothing was spent since {since:%Y-%m-%d} (UTC)." if since else "Nothing was spent yet.")
    if since is None:
        say('What chats and audits take is counted from now on, e.g. of `maestro chat "Hello"`.')
    return 0


def _since(text: str) -> datetime:
    """The beginning of a day, as UTC counts; of `7d` the first of seven days that end today. Raises -32602."""
    if text == "today":
        return today()
    try:
        if days := _DAYS.fullmatch(text):
            return today() - timedelta(days=int(days[1]) - 1)
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        issue = Issue(path="since", message=_A_TIME)
        message = f"What stands behind --since {_A_TIME}."
        raise MaestroError("invalidParams", message, issues=[issue]) from None


def _print_table(by: str, summary: UsageSummaryResult) -> None:
    names = [_name(by, row) for row in summary.rows]
    lines: list[Sequence[str]] = [(by.upper(), *_NUMBERS)]
    lines += [(name, *_numbers(row)) for name, row in zip(names, summary.rows, strict=True)]
    lines.append(("total", *_numbers(summary.total)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, (name, *numbers) in enumerate(lines):
        cells = [f"{name:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:], strict=True))]
        line = "  ".join(cells).rstrip()
        print(styled(line, 2) if number == 0 else styled(line, 1) if number == len(lines) - 1 else line)


def _name(by: str, row: UsageRow) -> str:
    if row.key == _NONE:
        return f"(no {by})"
    if row.label is None:
        return visible(row.key)
    return f"{shortened(visible(row.label), _LONGEST)}  {visible(row.key)}"


def _numbers(row: UsageRow) -> Sequence[str]:
    usage = row.usage
    tokens = (
        usage.input_tokens,
        usage.cache_read_tokens + usage.cache_write_tokens,
        usage.output_tokens,
        usage.total_tokens,
    )
    counted = [f"{number:,}" for number in (row.turns, row.requests, *tokens)]
    return [*counted, dollars(Decimal(row.cost.amount)) if row.cost else _UNKNOWN]


def _about_costs(summary: UsageSummaryResult) -> Iterator[str]:
    if (cost := summary.total.cost) is not None:
        noted = f", by prices of {cost.as_of}" if cost.as_of else ""
        yield f"Costs are estimated{noted}; days begin at midnight UTC."


def _budget(budget: BudgetState) -> str:
    """`Budget of a day: $5.00, of which $4.10 are spent and $0.90 left until midnight UTC`"""
    limit = Decimal(budget.limit)
    of = f"Budget of a {budget.scope}: {exactly(limit)}"
    if budget.spent is None:
        return of
    until = " until midnight UTC" if budget.scope == "day" else ""
    left = max(limit - Decimal(budget.spent), Decimal(0))
    return f"{of}, of which {dollars(Decimal(budget.spent))} are spent and {dollars(left)} left{until}"


async def _advise(services: Services, rows: Sequence[UsageRow]) -> None:
    """What is missing in the costs, and how to get the prices, if that is known."""
    unpriced = sum(row.unpriced for row in rows)
    if not unpriced:
        return
    which = "The cost of one turn is" if unpriced == 1 else f"The costs of {unpriced:,} turns are"
    lists = services.models.prices.lists
    await lists.ready()
    if lists.as_of is None:
        say(f"{which} missing, for no price was known; `pip install '{EXTRA}'` brings public price lists.")
    else:
        say(f"{which} missing, for nobody told a price when it was spent.")
