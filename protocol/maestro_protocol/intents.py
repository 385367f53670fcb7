"""Intents: why a tool is called, what it may touch, how risky that is, and what it really did."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from maestro_protocol.base import Params, WireModel
from maestro_protocol.subjects import PermissionSubject

Purpose = Literal["test_pass", "best_practice", "maintenance"]
RiskLevel = Literal["low", "medium", "high"]


class Intent(WireModel):
    """What a model declares before a tool runs. In the schema the model sees, `riskLevel` is `risk_level`."""

    purpose: Purpose
    scope: str = Field(min_length=1, max_length=2_000)
    """Paths, globs, symbols, commands and hosts, separated by commas or spaces."""
    risk_level: RiskLevel
    rationale: str | None = Field(default=None, max_length=4_000)


class Assessment(WireModel):
    """A judgement of the risk; the highest of all counts."""

    by: Literal["rule", "model", "user"]
    id: str
    """Which rule, e.g. `ci`."""
    risk_level: RiskLevel
    reason: str


class Decision(WireModel):
    """Whether the tool was run, and who said so."""

    outcome: Literal["allowed", "denied", "cancelled", "refused", "returned"]
    """`refused`: the call was not valid; `returned`: given to the caller of `chat/complete` and not run."""
    by: Literal["policy", "grant", "client", "timeout", "cancel"]
    option_id: str | None = None
    at: datetime


class Observed(WireModel):
    """What a tool was seen to do. Absent fields were not observed."""

    paths: list[str] | None = None
    """Files written, created or deleted, relative to their workspace folder."""
    hosts: list[str] | None = None
    commands: list[str] | None = None
    exit_code: int | None = None
    bytes_written: int | None = None
    partial: bool | None = None
    """The workspace was too large to be watched as a whole."""


class IntentRecord(WireModel):
    """One call of a tool in the ledger. It grows by appending: declared, decided, observed."""

    id: str
    chat_id: str | None = None
    turn_id: str
    tool_call_id: str
    tool: str
    subject: PermissionSubject | None = None
    """What exactly was called, without secrets and without the texts of an edit; a long input is only counted."""
    purpose: Purpose | None = None
    """Absent, with `scope`, when nothing was declared."""
    scope: str | None = None
    risk_level: RiskLevel
    """The higher of declared and assessed."""
    rationale: str | None = None
    declared_by: Literal["model", "user", "client", "none"]
    assessments: list[Assessment] = Field(default_factory=list)
    decision: Decision | None = None
    """Absent while nobody has decided."""
    observed: Observed | None = None
    """Absent until the tool has ended, and when it was not run."""
    mismatch: list[str] | None = None
    """What it did outside its scope: a sentence each."""
    session_id: str | None = None
    model: str
    prev_hash: str
    """SHA-256 of the ledger's entry before this record's latest one."""
    hash: str
    """SHA-256 of this record's latest entry."""
    at: datetime
    """When it was declared."""


class IntentListParams(Params):
    chat_id: str | None = None
    tool: str | None = None
    purpose: Purpose | None = None
    risk_level: RiskLevel | None = None
    mismatched: bool | None = None
    """Only those that did something outside their scope."""
    since: datetime | None = None
    cursor: str | None = None
    limit: int = Field(default=100, ge=1, le=1_000)


class IntentListResult(WireModel):
    intents: list[IntentRecord]
    """The latest first."""
    next_cursor: str | None = None


class IntentGetParams(Params):
    intent_id: str


class IntentExportParams(Params):
    format: Literal["jsonl"] = "jsonl"
    chat_id: str | None = None


class IntentExportResult(WireModel):
    content: str
    """A record per line, the oldest first."""


class IntentVerifyParams(Params):
    """The whole ledger is checked.

    A ledger that was rewritten as a whole, or cut back together with what it knows of its end, looks like one that was
    always so; only a hash that was kept elsewhere shows it. Without one, an empty ledger may be one that was taken
    away.
    """

    head: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")
    """A hash of an entry, kept elsewhere: the ledger is only whole if that entry is still in it."""


class IntentVerifyResult(WireModel):
    ok: bool
    """Nothing contradicts that the ledger is as it was written; see the parameters for what that cannot say."""
    checked: int
    """Entries whose place in the chain is right."""
    first_broken: str | None = None
    """The id of the first record that is not as it was written; `head` if entries are missing at the end, `triggers`
    if what keeps the ledger from being changed is missing or has company, `kept` if the given hash is nowhere in it."""
    head: str
    """The hash of the last entry; kept elsewhere, it proves later that nothing was rewritten."""
