"""The ledger of intents: every call of a tool as it was declared, decided and observed, never changed afterwards."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from maestro.errors import MaestroError
from maestro.intents import chain
from maestro.intents.chain import Entry, Step
from maestro.intents.chain import verify as verify
from maestro.intents.pages import export as export
from maestro.intents.pages import records as records
from maestro.intents.records import record_of, written
from maestro.intents.subjects import kept, storable
from maestro.redact import redact
from maestro_protocol.base import JsonObject
from maestro_protocol.intents import Decision, Intent, IntentRecord, Observed
from maestro_protocol.permissions import PermissionSubject, Risk

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class Declaration:
    """A call before it is run.

    `intent` is None where nothing valid was declared; `subject` is what exactly is called.
    """

    turn_id: str
    tool_call_id: str
    tool: str
    intent: Intent | None
    declared_by: Literal["model", "user", "client", "none"]
    risk: Risk
    model: str
    session_id: str | None = None
    chat_id: str | None = None
    subject: PermissionSubject | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def declare(connection: "sqlite3.Connection", record: Declaration) -> IntentRecord:
    """Begin a record, without the secrets in its texts. It must be committed before the tool runs."""
    intent, number = record.intent, chain.next_number(connection)
    body: JsonObject = {
        "turnId": record.turn_id,
        "toolCallId": record.tool_call_id,
        "declaredBy": record.declared_by,
        "assessments": [one.to_wire() for one in record.risk.assessments],
        "sessionId": record.session_id,
        "model": record.model,
        "subject": kept(record.subject) if record.subject else None,
        "scope": redact(intent.scope) if intent else None,
        "rationale": redact(intent.rationale) if intent and intent.rationale else None,
    }
    entry = Entry(
        number=number,
        intent_id=f"int_{uuid4().hex[:16]}",
        step="declared",
        declared=number,
        chat_id=record.chat_id,
        tool=storable(record.tool),
        purpose=intent.purpose if intent else None,
        risk_level=record.risk.level,
        mismatched=0,
        body=_canonical(body),
        at=written(record.at),
        prev_hash="",
        hash="",
    )
    return record_of([chain.append(connection, entry)])


def decide(connection: "sqlite3.Connection", intent_id: str, decision: Decision) -> IntentRecord:
    """Add whether the call is run.

    Raises:
        MaestroError: -32803 if there is no such record, or if it is decided.
    """
    return _add(connection, intent_id, "decided", {"decision": decision.to_wire()}, decision.at)


def observe(
    connection: "sqlite3.Connection", intent_id: str, observed: Observed, mismatch: Sequence[str]
) -> IntentRecord:
    """Add what the tool did, without secrets, and a sentence for each thing outside its scope.

    Raises:
        MaestroError: -32803 if there is no such record, or if that is known.
    """
    seen = observed.model_copy(update={"commands": [redact(line) for line in observed.commands or ()] or None})
    body: JsonObject = {"observed": seen.to_wire(), "mismatch": [redact(sentence) for sentence in mismatch] or None}
    return _add(connection, intent_id, "observed", body, datetime.now(UTC), mismatched=bool(mismatch))


def record(connection: "sqlite3.Connection", intent_id: str) -> IntentRecord:
    """The record as it is now.

    Raises:
        MaestroError: -32803 if there is none.
    """
    return record_of(_entries(connection, intent_id))


def _add(
    connection: "sqlite3.Connection",
    intent_id: str,
    step: Step,
    body: JsonObject,
    at: datetime,
    *,
    mismatched: bool = False,
) -> IntentRecord:
    there = _entries(connection, intent_id)
    if any(entry.step == step for entry in there):
        raise MaestroError("requestFailed", "This step of the record is in the ledger already; it is never changed.")
    entry = there[0]._replace(
        number=chain.next_number(connection),
        step=step,
        mismatched=int(mismatched),
        body=_canonical(body),
        at=written(at),
    )
    return record_of([*there, chain.append(connection, entry)])


def _entries(connection: "sqlite3.Connection", intent_id: str) -> list[Entry]:
    entries = chain.entries_of(connection, intent_id)
    if not entries:
        raise MaestroError("requestFailed", "There is no record by this id in the ledger; list the intents for ids.")
    return entries


def _canonical(body: JsonObject) -> str:
    present = {name: value for name, value in body.items() if value is not None}
    return json.dumps(present, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
