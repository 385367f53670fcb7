"""Audit: what was looked at, what was found, and how sure that is."""

from typing import Literal

from pydantic import Field

from maestro_protocol.base import Params, WireModel
from maestro_protocol.chat import Range, Usage
from maestro_protocol.errors import ErrorInfo

Severity = Literal["critical", "high", "medium", "low"]
Confidence = Literal["high", "medium", "low"]
Category = Literal[
    "correctness",
    "security",
    "concurrency",
    "resource",
    "error-handling",
    "performance",
    "maintainability",
    "tests",
    "integrity",
    "intent",
]
FindingState = Literal["open", "touched", "suppressed", "baselined", "dismissed", "fixed", "unverified"]
AuditStatus = Literal["complete", "partial", "failed", "skipped", "cancelled"]
ChunkStatus = Literal["reviewed", "failed", "skipped"]


class Edit(WireModel):
    """Replace `range` by `newText`."""

    range: Range
    new_text: str


class Fix(WireModel):
    title: str
    edits: list[Edit]
    safe: bool
    """Keeps behaviour, by a tool's word; never set on a model's word."""


class Provenance(WireModel):
    provider: str
    model: str
    prompt_version: str | None = None
    cached: bool = False


class Finding(WireModel):
    id: str
    fingerprint: str
    """Stable when lines move."""
    rule: str
    category: Category
    severity: Severity
    confidence: Confidence
    title: str
    message: str
    docs_url: str | None = None
    uri: str
    range: Range | None = None
    """Absent when the quoted code was not found: then it is no diagnostic."""
    symbol: str | None = None
    language: str | None = None
    tags: list[Literal["unnecessary", "deprecated"]] = Field(default_factory=list)
    fixes: list[Fix] = Field(default_factory=list)
    state: FindingState = "open"
    provenance: Provenance


class ChunkReport(WireModel):
    id: str
    status: ChunkStatus
    cached: bool = False
    reason: str | None = None


class AuditTarget(WireModel):
    """What to audit: one document, for now."""

    uris: list[str] | None = Field(default=None, min_length=1)
    """Exactly one in this version; `uri` says the same."""
    uri: str | None = None
    """The document, open or in the workspace."""
    range: Range | None = None
    """Absent: all of it."""


class AuditRunParams(Params):
    target: AuditTarget
    session_id: str | None = None
    model: str | None = None
    rules: list[str] | None = None
    """Ids or categories of the catalogue; absent, all of them."""
    min_severity: Severity | None = None
    """Absent: `low`."""


class AuditResult(WireModel):
    """`complete` with no findings is the only "clean"; everything else says what was not looked at."""

    audit_id: str
    status: AuditStatus
    error: ErrorInfo | None = None
    findings: list[Finding] = Field(default_factory=list)
    unverified: list[Finding] = Field(default_factory=list)
    """Claims whose quote stands nowhere in the text."""
    rejected: dict[str, int] = Field(default_factory=dict)
    """How many claims were dropped, by reason."""
    chunks: list[ChunkReport] = Field(default_factory=list)
    usage: Usage | None = None
