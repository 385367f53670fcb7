"""Findings that come of watching tools instead of reading code."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from maestro.audit.catalogue import INTENT_MISSING, RISK_UNDERSTATED, SCOPE_VIOLATION, TEST_GAMING, Rule
from maestro.audit.code.symbols import enclosing, find_symbols
from maestro.audit.findings import Placed
from maestro.audit.identity.fingerprint import finding_id, fingerprint
from maestro.audit.intents.changed_tests import Weakening
from maestro.audit.intents.checks import is_test
from maestro.audit.intents.special_cases import special_cases
from maestro.audit.intents.weakened_tests import weakenings
from maestro.audit.moving.line_changes import bare_lines, kept, line_changes
from maestro.audit.source import AuditSource, Span
from maestro.redact import redact
from maestro_protocol.audit import Finding, FindingIntent, Provenance
from maestro_protocol.intents import Assessment, IntentRecord


class Changed(NamedTuple):
    """A file that a call wrote. A text is None where it is not known; before a new file it is empty."""

    uri: str
    path: str
    """Relative to the workspace folder."""
    language: str
    before: str | None = None
    after: str | None = None
    is_outside: bool = False
    """The scope that was declared does not cover it."""


class Surveyed(NamedTuple):
    """What else is to be known about a change: a risk that was called low, the tests of a source file (their texts),
    and the new texts of the other files that the call wrote."""

    assessed: Assessment | None = None
    tests: Sequence[str] = ()
    beside: Sequence[str] = ()


class _Claim(NamedTuple):
    """`said` goes on after what was declared. Lines of the text after the change."""

    rule: Rule
    title: str
    said: str
    first_line: int
    last_line: int
    confidence: Literal["high", "medium"] = "high"


def intent_findings(record: IntentRecord, changed: Changed, surveyed: Surveyed, source: AuditSource) -> list[Placed]:
    """What is wrong with how a call changed a file, on the lines it wrote, where they stand in the text by now."""
    claims = list(_claims(record, changed, surveyed))
    counts, found = Counter[str](), list[Placed]()
    for claim in _moved(claims, changed.after, source) if claims else ():
        place = _place(claim, source)
        print_ = fingerprint(claim.rule.id, f"{record.id} {claim.said} {_quote(source, place)}")
        found.append(_placed(_finding(record, changed, claim, print_, counts[print_]), source, place))
        counts[print_] += 1
    return found


def intent_of(record: IntentRecord) -> FindingIntent:
    """A record as findings tell it."""
    return FindingIntent(
        intent_id=record.id,
        tool=record.tool,
        purpose=record.purpose,
        scope=record.scope,
        risk_level=record.risk_level,
    )


def _claims(record: IntentRecord, changed: Changed, surveyed: Surveyed) -> Iterator[_Claim]:
    lines = _written(changed)
    if record.purpose is None:
        yield _Claim(INTENT_MISSING, "Changed without an intent", "changed this file", *lines)
    elif changed.is_outside:
        said = "changed this file all the same"
        yield _Claim(SCOPE_VIOLATION, "Changed outside the declared scope", said, *lines)
    if surveyed.assessed is not None:
        said = f"declared a low risk all the same: {surveyed.assessed.reason[:1].lower()}{surveyed.assessed.reason[1:]}"
        yield _Claim(RISK_UNDERSTATED, "A risk was called low that is not", said.rstrip("."), *lines)
    if record.purpose == "test_pass":
        for weak in _weakened(changed, surveyed):
            confidence: Literal["high", "medium"] = "high" if weak.is_certain else "medium"
            place = (weak.first_line, weak.last_line)
            yield _Claim(TEST_GAMING, _TITLES[weak.kind], weak.said, *place, confidence)


_TITLES = {
    "deleted": "A test was taken out to make tests pass",
    "skipped": "A test was skipped to make tests pass",
    "removed": "A check was taken out to make tests pass",
    "weaker": "A check was weakened to make tests pass",
    "hushed": "The failure of a check is caught",
    "empty": "A check that cannot fail",
    "looser": "A tolerance was widened to make tests pass",
    "expected": "What a test expects was changed",
    "special": "Code that is made for its test",
}


def _weakened(changed: Changed, surveyed: Surveyed) -> Sequence[Weakening]:
    if changed.before is None or changed.after is None:
        return ()
    if is_test(changed.path, changed.language):
        return weakenings(changed.language, changed.before, changed.after, surveyed.beside)
    return special_cases(changed.language, changed.before, changed.after, surveyed.tests)


def _written(changed: Changed) -> tuple[int, int]:
    """The first lines that were written; the first line where that is not known."""
    if changed.before is None or changed.after is None:
        return 0, 0
    after = bare_lines(changed.after)
    changes = line_changes(bare_lines(changed.before), after)
    if not changes:
        return 0, 0
    first = min(changes[0].new_first, max(len(after) - 1, 0))
    return first, max(changes[0].new_end - 1, first)


def _moved(claims: Sequence[_Claim], after: str | None, source: AuditSource) -> Iterator[_Claim]:
    """The claims where their lines stand now; nothing of those whose first line has changed since."""
    if after is None or source.text == after:
        yield from claims
        return
    old = bare_lines(after)
    runs = list(kept(line_changes(old, source.lines), len(old)))
    for claim in claims:
        for first, end, shift in runs:
            if first <= claim.first_line < end:
                last = min(claim.last_line, end - 1)
                yield claim._replace(first_line=claim.first_line + shift, last_line=last + shift)


def _place(claim: _Claim, source: AuditSource) -> Span:
    last = min(claim.last_line, len(source.lines) - 1)
    return Span(min(claim.first_line, last), 0, last, len(source.lines[last]))


def _quote(source: AuditSource, place: Span) -> str:
    return "\n".join(source.lines[place.start_line : place.end_line + 1])


def _placed(finding: Finding, source: AuditSource, place: Span) -> Placed:
    start, end = (source.raw(source.offset(line, column)) for line, column in (place[:2], place[2:]))
    symbol = enclosing(find_symbols(source), place.start_line)
    return Placed(finding.model_copy(update={"symbol": symbol}), place, start, end)


def _finding(record: IntentRecord, changed: Changed, claim: _Claim, print_: str, occurrence: int) -> Finding:
    message = f"`{record.tool}` {_declared(record)} and {claim.said}; see the intent {record.id}."
    return Finding(
        id=finding_id(changed.uri, print_, occurrence),
        fingerprint=print_,
        rule=claim.rule.id,
        category=claim.rule.category,
        severity=claim.rule.severity,
        confidence=claim.confidence,
        title=claim.title,
        message=redact(message),
        uri=changed.uri,
        rel_path=changed.path,
        language=changed.language,
        intents=[intent_of(record)],
        provenance=Provenance(provider=record.model.partition("/")[0], model=record.model),
    )


def _declared(record: IntentRecord) -> str:
    if record.purpose is None:
        return "declared no intent"
    return f"declared the purpose `{record.purpose}` and the scope `{record.scope}`"
