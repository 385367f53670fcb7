"""What the tests of the intents share: calls, and a ledger in a database of its own."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from maestro.database.opening import open_database
from maestro.database.shape import create
from maestro.database.transactions import transaction
from maestro.intents import ledger
from maestro.intents.ledger import Declaration
from maestro_protocol.intents import Assessment, Decision, Intent, IntentRecord, Observed, RiskLevel
from maestro_protocol.permissions import PermissionSubject, Risk
from maestro_protocol.tools import ToolAnnotations

ROOT = Path(__file__).resolve().parents[3]

BUILT_IN = ToolAnnotations(read_only=False, destructive=True, open_world=False)
INTENT = Intent(purpose="maintenance", scope="src/a.py, pytest", risk_level="medium", rationale="It is old.")
RISK = Risk(
    level="medium", assessments=[Assessment(by="rule", id="edit", risk_level="medium", reason="It changes a file.")]
)
ALLOWED = Decision(outcome="allowed", by="client", option_id="allowOnce", at=datetime(2025, 1, 2, tzinfo=UTC))


def command(*argv: str, cwd: str = "/work/demo") -> PermissionSubject:
    return PermissionSubject(type="command", tool="run_command", argv=[*argv], cwd=cwd)


def edit(path: str, old: str | None = "a", new: str = "b") -> PermissionSubject:
    return PermissionSubject(type="edit", tool="apply_edit", path=path, old_text=old, new_text=new)


def fetch(url: str) -> PermissionSubject:
    return PermissionSubject(type="network", tool="fetch_url", url=url)


@contextmanager
def memory() -> Iterator[sqlite3.Connection]:
    """A database of today's shape that ends with the test."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        create(connection)
        yield connection
    finally:
        connection.close()


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(path).connection
    try:
        yield connection
    finally:
        connection.close()


def declaration(
    *,
    chat_id: str | None = "chat_1",
    tool: str = "apply_edit",
    intent: Intent | None = INTENT,
    level: RiskLevel = "medium",
    at: datetime | None = None,
    subject: PermissionSubject | None = None,
) -> Declaration:
    return Declaration(
        chat_id=chat_id,
        turn_id="turn_1",
        tool_call_id="call_1",
        tool=tool,
        intent=intent,
        declared_by="model" if intent else "none",
        risk=RISK.model_copy(update={"level": level}),
        session_id="ses_1",
        model="openai/gpt-4o",
        at=at or datetime.now(UTC),
        subject=subject,
    )


def complete(connection: sqlite3.Connection, *, mismatch: tuple[str, ...] = (), **named: str | None) -> IntentRecord:
    """A record with all its steps, each in a transaction of its own as in a turn."""
    with transaction(connection):
        begun = ledger.declare(connection, declaration(**named))  # type: ignore[arg-type]
    with transaction(connection):
        ledger.decide(connection, begun.id, ALLOWED)
    with transaction(connection):
        return ledger.observe(connection, begun.id, Observed(paths=["src/a.py"], exit_code=0), mismatch)
