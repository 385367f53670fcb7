"""Hints about comments that suppress nothing, with the edit that takes them away."""

from collections.abc import Collection, Sequence

from maestro.audit.catalogue import UNUSED_SUPPRESSION
from maestro.audit.fixing.fix import Proposal
from maestro.audit.identity.fingerprint import finding_id, fingerprint
from maestro.audit.identity.suppression_edits import removal
from maestro.audit.identity.suppressions import Suppression, Suppressions, Unused
from maestro.audit.source import AuditSource
from maestro.services.findings import Tracked
from maestro_protocol.audit import Finding, Provenance

_NOBODY = Provenance(provider="maestro", model="maestro")


def as_findings(
    source: AuditSource,
    suppressions: Suppressions,
    used: Sequence[tuple[Suppression, str]],
    looked_for: Collection[str],
) -> Sequence[Tracked]:
    """Of a document that was audited whole for these rules; of another one nothing can be told."""
    if not looked_for:
        return ()
    unused = suppressions.unused(used, looked_for)
    return [_finding(source, one, number) for number, one in enumerate(unused)]


def _finding(source: AuditSource, unused: Unused, number: int) -> Tracked:
    suppression = unused.suppression
    quote = source.plain[suppression.start : suppression.end]
    print_ = fingerprint(UNUSED_SUPPRESSION.id, quote)
    names = f" of {', '.join(unused.rules)}" if unused.rules else ""
    finding = Finding(
        id=finding_id(source.uri, print_, number),
        fingerprint=print_,
        rule=UNUSED_SUPPRESSION.id,
        category=UNUSED_SUPPRESSION.category,
        severity=UNUSED_SUPPRESSION.severity,
        confidence="low",
        title=f"Unused suppression{names}",
        message=unused.reason,
        uri=source.uri,
        language=source.language,
        tags=["unnecessary"],
        provenance=_NOBODY,
    )
    span, new = removal(source, suppression, unused.rules)
    first, last = source.offset(span.start_line, span.start), source.offset(span.end_line, span.end)
    there = source.plain[first:last]
    proposal = Proposal(there, there, new, False, exact=True)
    return Tracked(finding, source.raw(first), source.raw(last), quote, proposal)
