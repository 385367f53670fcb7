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
BaselineState = Literal["new", "unchanged", "updated", "absent"]
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
    """Who said so, and when."""

    provider: str
    model: str
    prompt_version: str | None = None
    audit_id: str | None = None
    """The audit that found it, or the last one that found it again."""
    cached: bool = False
    tokens: int | None = None
    """What the request took that the claim came from."""
    milliseconds: int | None = None
    """How long that request took."""


class FindingIntent(WireModel):
    """What a tool said of the call that last wrote the lines."""

    intent_id: str
    tool: str
    purpose: str | None = None
    scope: str | None = None
    risk_level: str


class RelatedPlace(WireModel):
    """Another place in the same document that belongs to a finding."""

    range: Range
    text: str
    """The line it begins on."""


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
    rel_path: str | None = None
    """Relative to the workspace folder."""
    range: Range | None = None
    """Where its words are now. Absent when the quoted code was not found: then it is no diagnostic."""
    symbol: str | None = None
    language: str | None = None
    related: list[RelatedPlace] = Field(default_factory=list)
    tags: list[Literal["unnecessary", "deprecated"]] = Field(default_factory=list)
    fixes: list[Fix] = Field(default_factory=list)
    """As they were for the audited text; what an editor applies is made anew by `codeAction/resolve`."""
    state: FindingState = "open"
    baseline_state: BaselineState | None = None
    """For reports; not sent by this version."""
    reason: str | None = None
    """Why it was suppressed, dismissed or put into the baseline, by the word of whoever did that."""
    intents: list[FindingIntent] = Field(default_factory=list)
    provenance: Provenance


class ChunkReport(WireModel):
    """What became of a piece of a document; neighbours with the same fate are told as one."""

    id: str
    """Of several pieces, the first."""
    uri: str | None = None
    first_line: int | None = None
    """Zero-based."""
    last_line: int | None = None
    """Zero-based; belongs to it."""
    pieces: int = 1
    status: ChunkStatus
    cached: bool = False
    reason: str | None = None


class AuditTarget(WireModel):
    """What to audit: documents, a `workspaceFolder`, or a `diffBase`, which takes a folder too."""

    uris: list[str] | None = Field(default=None, min_length=1)
    """Documents, open or in the workspace; a folder stands for the files in it."""
    uri: str | None = None
    """The document, open or in the workspace."""
    range: Range | None = None
    """Only the functions and statements of `uri` that have a line of it; absent, all of them."""
    workspace_folder: str | None = None
    """The URI of a folder of the workspace, or of one in it: all its code that is not ignored."""
    diff_base: str | None = None
    """A commit of git: only what changed since, committed or not, with the functions around it."""


class AuditBudget(WireModel):
    """What an audit may take. What does not fit is not sent, and the audit is not `complete`."""

    max_tokens: int | None = Field(default=None, ge=1)
    max_cost: str | None = Field(default=None, pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")
    """A decimal number of US dollars, where the model's prices are known."""


class AuditRunParams(Params):
    target: AuditTarget
    session_id: str | None = None
    model: str | None = None
    rules: list[str] | None = None
    """Ids or categories of the catalogue; absent, those of the setting `audit.rules`."""
    min_severity: Severity | None = None
    """What is below it is dropped; absent, the setting `audit.minSeverity`."""
    budget: AuditBudget | None = None
    fresh: bool = False
    """Ask again about code whose review is remembered."""


class AuditResult(WireModel):
    """`complete` without findings is the only "clean"; anything else says in `chunks` what was not reviewed."""

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
    requests: int = 0
    """How many requests of this audit the provider answered, repetitions not counted."""


class AuditSummary(WireModel):
    """An audit of this process."""

    audit_id: str
    status: AuditStatus | Literal["running"]
    title: str
    """What was audited, for people."""
    findings: int = 0
    started_at: str
    ended_at: str | None = None


class AuditListParams(Params):
    pass


class AuditListResult(WireModel):
    audits: list[AuditSummary]
    """The latest first."""


class AuditParams(Params):
    audit_id: str


class AuditCancelResult(WireModel):
    status: Literal["cancelling", "ended", "notFound"]


class AuditClearParams(Params):
    """Which findings to forget: those of an audit, or of these documents; without either, all."""

    audit_id: str | None = None
    uris: list[str] | None = None


class AuditClearResult(WireModel):
    cleared: int


class FindingListParams(Params):
    uri: str | None = None
    audit_id: str | None = None
    state: FindingState | None = None


class FindingListResult(WireModel):
    findings: list[Finding]


class FindingParams(Params):
    finding_id: str


class FindingSuppressParams(Params):
    finding_id: str
    scope: Literal["line", "file", "rule", "baseline"] = "line"
    """`line` and `file` write a comment into the document; `rule` turns the rule off in this workspace folder;
    `baseline` writes the finding into `.maestro/baseline.json`."""
    reason: str | None = Field(default=None, max_length=400)


class FindingDismissParams(Params):
    finding_id: str
    reason: str | None = Field(default=None, max_length=400)


class FindingChangeResult(WireModel):
    """`edits` is what to change in the document, where the editor cannot be asked to do it."""

    finding: Finding
    edits: list[Edit] | None = None
