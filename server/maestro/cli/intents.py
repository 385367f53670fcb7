"""`maestro intents`: what tools were called for, what was decided, what they did, and whether the record is whole."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import zip_longest

from maestro.app import Services
from maestro.cli.terminal import checked, harmless, run_with_services, say, styled
from maestro.errors import MaestroError
from maestro.intents.plain import shortened
from maestro_protocol.errors import Issue
from maestro_protocol.intents import IntentListParams, IntentRecord, IntentVerifyResult, Observed

_HEADINGS = ("ID", "TIME", "TOOL", "PURPOSE", "RISK", "DECISION", " ", "SCOPE")
_OUTSIDE = "!"
_NOTHING = "-"
_LONGEST_SCOPE = 80


def run(options: argparse.Namespace) -> int:
    """1 where the ledger was tampered with, or where there is no such record."""
    actions = {"show": _show, "verify": _verify, "export": _export}
    action = actions.get(options.action, _list)
    return run_with_services(lambda services: action(services, options))


async def _list(services: Services, options: argparse.Namespace) -> int:
    params = checked(
        IntentListParams,
        {
            "chatId": options.chat,
            "tool": options.tool,
            "riskLevel": options.risk,
            "purpose": options.purpose,
            "since": _since(options.since) if options.since else None,
            "mismatched": True if options.mismatched else None,
            "limit": options.limit,
        },
    )
    listed = await services.intents.list(params)
    if options.json:
        print(json.dumps(listed.to_wire(), indent=2))
        return 0
    _print_table(listed.intents)
    if not listed.intents:
        say("There is no such record.")
    elif listed.next_cursor:
        say("There are earlier ones; --limit shows more.")
    return 0


async def _show(services: Services, options: argparse.Namespace) -> int:
    record = await services.intents.get(options.id)
    if options.json:
        print(json.dumps(record.to_wire(), indent=2))
        return 0
    for label, text in _facts(record):
        print(f"{label:<12}  {_cell(text)}".rstrip())
    return 0


async def _verify(services: Services, options: argparse.Namespace) -> int:
    result = await services.intents.verify()
    if options.json:
        print(json.dumps(result.to_wire(), indent=2))
    else:
        print(f"{_judged(result)}\nhead {_cell(result.head)}")
    return 0 if result.ok else 1


async def _export(services: Services, options: argparse.Namespace) -> int:
    sys.stdout.write(await services.intents.export(options.of_chat or options.chat))
    return 0


def _since(text: str) -> str:
    """A time as it goes on the wire; without a zone it is local time. Raises -32602."""
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        issue = Issue(path="since", message="must be a time, as 2026-03-01 or 2026-03-01T14:05")
        message = "What stands behind --since must be a time, as 2026-03-01 or 2026-03-01T14:05."
        raise MaestroError("invalidParams", message, issues=[issue]) from None


def _judged(result: IntentVerifyResult) -> str:
    entries = "1 entry" if result.checked == 1 else f"{result.checked:,} entries"
    if result.ok:
        return f"The ledger is whole: {entries}."
    if result.first_broken == "head":
        return f"The ledger was changed: entries are missing behind the first {result.checked:,}."
    where = _cell(result.first_broken or "")
    return f"The ledger was changed: {where} is the first record that is not as it was written, after {entries}."


def _print_table(records: Sequence[IntentRecord]) -> None:
    rows = [_row(record) for record in records]
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    for number, row in enumerate([_HEADINGS, *rows] if rows else []):
        padded = [
            f"{cell:<{max(width, len(title))}}" for cell, width, title in zip(row, widths, _HEADINGS, strict=True)
        ]
        line = "  ".join(padded).rstrip()
        print(styled(line, 2) if number == 0 else line)


def _row(record: IntentRecord) -> Sequence[str]:
    cells = (
        record.id,
        _time(record.at, "%Y-%m-%d %H:%M:%S"),
        record.tool,
        record.purpose or _NOTHING,
        record.risk_level,
        record.decision.outcome if record.decision else _NOTHING,
        _OUTSIDE if record.mismatch else "",
        shortened(_cell(record.scope or _NOTHING), _LONGEST_SCOPE),
    )
    return [_cell(cell) for cell in cells]


def _facts(record: IntentRecord) -> Iterator[tuple[str, str]]:
    """Everything there is to know, what happened first standing first."""
    yield "id", record.id
    yield "declared", f"{_time(record.at)} by {record.declared_by}"
    yield "tool", record.tool
    yield "purpose", record.purpose or _NOTHING
    yield "scope", record.scope or _NOTHING
    if record.rationale:
        yield "rationale", record.rationale
    yield "risk", record.risk_level
    for one in record.assessments:
        yield "", f"{one.risk_level} by {one.by} {one.id}: {one.reason}"
    if decision := record.decision:
        option = f" ({decision.option_id})" if decision.option_id else ""
        yield "decision", f"{decision.outcome} by {decision.by}{option}, {_time(decision.at)}"
    else:
        yield "decision", _NOTHING
    yield from _seen(record.observed)
    for number, sentence in enumerate(record.mismatch or ()):
        yield ("" if number else "mismatch"), f"{_OUTSIDE} {sentence}"
    yield "model", record.model
    yield "session", record.session_id or _NOTHING
    yield "chat", record.chat_id or _NOTHING
    yield "turn", record.turn_id
    yield "call", record.tool_call_id
    yield "before", record.prev_hash
    yield "hash", record.hash


def _seen(observed: Observed | None) -> Iterator[tuple[str, str]]:
    if observed is None:
        return
    several = {"changed": observed.paths, "reached": observed.hosts, "ran": observed.commands}
    for label, texts in several.items():
        for number, text in enumerate(texts or ()):
            yield ("" if number else label), text
    if observed.exit_code is not None:
        yield "exit code", str(observed.exit_code)
    if observed.bytes_written is not None:
        yield "written", f"{observed.bytes_written:,} bytes"
    if observed.partial:
        yield "", "Not everything could be watched."


def _time(moment: datetime, form: str = "%Y-%m-%d %H:%M:%S %Z") -> str:
    return moment.astimezone().strftime(form)


def _cell(text: str) -> str:
    """On one line, and harmless."""
    return harmless(" ".join(text.split()), sys.stdout)
