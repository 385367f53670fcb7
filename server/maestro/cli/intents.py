"""`maestro intents`: what tools were called for, what was decided, what they did, and whether the record is whole."""

import argparse
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import zip_longest

from maestro.app import Services
from maestro.cli.terminal import checked, run_with_services, say, styled
from maestro.errors import MaestroError
from maestro.intents.plain import shortened, visible
from maestro.intents.tokens import host_and_port
from maestro_protocol.errors import Issue
from maestro_protocol.intents import (
    Decision,
    IntentListParams,
    IntentRecord,
    IntentVerifyParams,
    IntentVerifyResult,
    Observed,
)
from maestro_protocol.subjects import PermissionSubject

_HEADINGS = ("ID", "TIME", "TOOL", "WHAT", "PURPOSE", "RISK", "DECISION", "BY", " ", "SCOPE")
_OUTSIDE = "!"
_NOTHING = "-"
_LONGEST = 80
"""Characters of a cell that others wrote."""

_OPTIONS = {"allowOnce": "once", "allowChat": "chat", "allowWorkspace": "workspace"}


def run(options: argparse.Namespace) -> int:
    """1 where the ledger was tampered with, or where there is no such record.

    `verify` finds what does not fit together. It cannot find a ledger that was rewritten with its head, nor tell an
    empty one from one that was taken away, unless `--head` gives a hash that was kept elsewhere.
    """
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
    params = checked(IntentVerifyParams, {"head": getattr(options, "head", None)})
    result = await services.intents.verify(params.head)
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
    if result.ok and not result.checked:
        return "The ledger is whole: 0 entries. If there should be some, it was taken away."
    if result.ok:
        return f"The ledger is whole: {entries}."
    if result.first_broken == "kept":
        return f"The ledger was rewritten or replaced: none of its {entries} has the hash that was kept."
    if result.first_broken == "triggers":
        return "What keeps the ledger from being changed is missing or was changed, so it may have been rewritten."
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
        shortened(_cell(_what(record.subject)), _LONGEST),
        record.purpose or _NOTHING,
        record.risk_level,
        record.decision.outcome if record.decision else _NOTHING,
        _by(record.decision) if record.decision else _NOTHING,
        _OUTSIDE if record.mismatch else "",
        shortened(_cell(record.scope or _NOTHING), _LONGEST),
    )
    return [_cell(cell) for cell in cells]


def _what(subject: PermissionSubject | None) -> str:
    """A command as it would be typed, a path, or the host of an address."""
    if subject is None:
        return _NOTHING
    if subject.argv is not None:
        return shlex.join(subject.argv)
    if subject.url:
        return host_and_port(subject.url)[0] or subject.url
    if subject.input is not None:
        return json.dumps(subject.input, ensure_ascii=False)
    return subject.path or subject.uri or _NOTHING


def _by(decision: Decision) -> str:
    """`once`, `chat` or `workspace` as the user chose it, else who decided."""
    return _OPTIONS.get(decision.option_id or "", decision.by)


def _facts(record: IntentRecord) -> Iterator[tuple[str, str]]:
    """Everything there is to know, what happened first standing first."""
    yield "id", record.id
    yield "declared", f"{_time(record.at)} by {record.declared_by}"
    yield "tool", record.tool
    yield from _called(record.subject)
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


def _called(subject: PermissionSubject | None) -> Iterator[tuple[str, str]]:
    if subject is None:
        return
    if subject.argv is not None:
        yield "command", shlex.join(subject.argv)
    for label, text in (("in", subject.cwd), ("path", subject.path), ("uri", subject.uri), ("address", subject.url)):
        if text:
            yield label, text
    if subject.input is not None:
        yield "input", json.dumps(subject.input, ensure_ascii=False)


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
    """On one line and harmless, wherever it goes: what a pipe takes stands on a terminal later."""
    return visible(text)
