"""What may be said of how code is audited, and what follows where nothing is said."""

from collections.abc import Callable, Sequence
from typing import TypedDict
from uuid import uuid4

from maestro.audit.asking.budget import Budget
from maestro.audit.asking.exchange import Generate
from maestro.audit.options import AuditOptions, IntentLines, Shared
from maestro.positions import Encoding
from maestro.providers.base import Connection
from maestro_protocol.audit import Severity
from maestro_protocol.chat import Effort


class AuditCodeOptions(TypedDict, total=False):
    """As in `maestro.audit.options`; `model` is the provider's own name. Audits with one `shared` remember together.

    With `generate` that gets the answers, instead of one request to the provider after another. With `once` no request
    is tried again.
    """

    model: str | None
    effort: Effort | None
    audit_id: str
    rules: Sequence[str] | None
    min_severity: Severity | None
    encoding: Encoding
    lines: Sequence[tuple[int, int]]
    written: Sequence[IntentLines]
    budget: Budget
    shared: Shared
    fresh: bool
    asked: Callable[[], None]
    told: Callable[[int, int], None]
    generate: Generate | None
    once: bool


def audit_options(ready: Connection, model: str, opts: AuditCodeOptions) -> AuditOptions:
    """The options of an audit by the provider of a connection."""
    return AuditOptions(
        provider=ready.info.id,
        model=model,
        effort=opts.get("effort"),
        audit_id=opts.get("audit_id") or f"aud_{uuid4().hex[:16]}",
        rules=opts.get("rules"),
        min_severity=opts.get("min_severity") or "low",
        encoding=opts.get("encoding") or "utf-16",
        lines=opts.get("lines") or (),
        written=opts.get("written") or (),
        budget=opts.get("budget") or Budget(),
        by_tool=ready.info.flags.get("tool", False) is True,
        fresh=opts.get("fresh", False),
        asked=opts.get("asked") or (lambda: None),
        told=opts.get("told") or (lambda done, of: None),
    )
