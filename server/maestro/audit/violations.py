"""Findings that come of watching tools instead of reading code."""

from maestro.audit.catalogue import SCOPE_VIOLATION
from maestro.audit.fingerprint import finding_id, fingerprint
from maestro.positions import split_lines
from maestro_protocol.audit import Finding, Provenance
from maestro_protocol.chat import Position, Range
from maestro_protocol.intents import IntentRecord


def scope_violation(uri: str, text: str, record: IntentRecord) -> Finding:
    """That a call changed this document although its scope did not cover it; it stands on the first line."""
    print_ = fingerprint(SCOPE_VIOLATION.id, record.id)
    first = (split_lines(text) or [""])[0].rstrip("\r\n")
    declared = f"declared the scope `{record.scope}`" if record.scope else "declared no scope"
    return Finding(
        id=finding_id(uri, print_, 0),
        fingerprint=print_,
        rule=SCOPE_VIOLATION.id,
        category=SCOPE_VIOLATION.category,
        severity=SCOPE_VIOLATION.severity,
        confidence="high",
        title="Changed outside the declared scope",
        message=f"`{record.tool}` {declared} and changed this file all the same; see the intent {record.id}.",
        uri=uri,
        range=Range(start=Position(line=0, character=0), end=Position(line=0, character=len(first))),
        provenance=Provenance(provider=record.model.partition("/")[0], model=record.model),
    )
