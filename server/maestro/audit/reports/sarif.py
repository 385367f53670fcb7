"""Findings as a SARIF 2.1.0 log, for code scanning services and editors that read one."""

import os
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from maestro.audit.catalogue import OBSERVED, RULES, UNUSED_SUPPRESSION, Rule
from maestro.audit.reports.line_hash import primary_location_line_hashes
from maestro.audit.secrets import mask
from maestro_protocol.audit import AuditResult, ChunkReport, Finding, FindingState, Fix, Severity
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Range

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "maestro/v1"
_ROOT = "SRCROOT"
_LEVELS: Mapping[Severity, str] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# In the middle of the bands that GitHub draws over a CVSS score.
_SCORES: Mapping[Severity, str] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_SUPPRESSED: Mapping[FindingState, str] = {"suppressed": "inSource", "dismissed": "external", "baselined": "external"}
_CWE = "https://cwe.mitre.org/data/definitions/"


def sarif(
    results: Sequence[AuditResult],
    texts: Mapping[str, str],
    *,
    version: str,
    root: str | None = None,
    category: str = "audit",
) -> JsonObject:
    """One run with the findings of all results, whose ranges count UTF-16 units.

    `texts` are the audited texts by URI, with the byte order marks of their files: where one is missing, its findings
    have no line hash and no fix. `root` is the URI of the folder that the paths are relative to. Where something was
    not audited the run says that it failed.
    """
    findings = [finding for result in results for finding in result.findings if finding.state != "fixed"]
    rules = _rules(findings)
    index = {str(rule["id"]): number for number, rule in enumerate(rules)}
    hashes = {uri: primary_location_line_hashes(texts[uri]) for uri in {one.uri for one in findings} if uri in texts}
    run: JsonObject = {
        "tool": {"driver": {"name": "maestro", "version": version, "semanticVersion": version, "rules": [*rules]}},
        "automationDetails": {"id": f"maestro/{category}/"},
        "columnKind": "utf16CodeUnits",
        "newlineSequences": ["\r\n", "\n", "\r"],
        "invocations": [_invocation(results, root)],
        "results": [_result(one, index[one.rule], hashes.get(one.uri)) for one in findings],
    }
    if root is not None:
        run["originalUriBaseIds"] = {_ROOT: {"uri": f"{root.rstrip('/')}/"}}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def level(finding: Finding) -> str:
    """`error`, `warning` or `note`: an error only where the model was sure."""
    level_ = _LEVELS[finding.severity]
    return "warning" if level_ == "error" and finding.confidence != "high" else level_


def _rules(findings: Sequence[Finding]) -> list[JsonObject]:
    """The catalogue, and what else was found."""
    known = {rule.id: rule for rule in (*RULES, *OBSERVED, UNUSED_SUPPRESSION)}
    for finding in findings:
        known.setdefault(finding.rule, Rule(finding.rule, finding.category, finding.severity, finding.title))
    return [_rule(rule) for rule in known.values()]


def _rule(rule: Rule) -> JsonObject:
    tags: list[str] = [rule.category]
    if rule.docs and rule.docs.startswith(_CWE):
        tags.append(f"external/cwe/cwe-{int(rule.docs.removeprefix(_CWE).removesuffix('.html')):03d}")
    properties: JsonObject = {"category": rule.category, "tags": [*tags], "problem.severity": _problem(rule.severity)}
    if rule.category == "security":
        properties["security-severity"] = _SCORES[rule.severity]
    descriptor: JsonObject = {
        "id": rule.id,
        "shortDescription": {"text": rule.about},
        "help": {"text": rule.about},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": properties,
    }
    return {**descriptor, "helpUri": rule.docs} if rule.docs else descriptor


def _problem(severity: Severity) -> str:
    return {"error": "error", "warning": "warning", "note": "recommendation"}[_LEVELS[severity]]


def _result(finding: Finding, rule_index: int, hashes: Sequence[str] | None) -> JsonObject:
    """`hashes` are those of the lines of its text, if there is one."""
    result: JsonObject = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": level(finding),
        "message": {"text": f"{finding.title}: {finding.message}"},
        "locations": [_location(finding, finding.range)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "suppressions": [*_suppressions(finding)],
        "properties": {
            "category": finding.category,
            "severity": finding.severity,
            "confidence": finding.confidence,
            "tags": [finding.category, *finding.tags],
        },
    }
    line = finding.range.start.line if finding.range else None
    if hashes is not None and line is not None and line < len(hashes):
        result["partialFingerprints"] = {FINGERPRINT: finding.fingerprint, "primaryLocationLineHash": hashes[line]}
    if finding.baseline_state is not None:
        result["baselineState"] = finding.baseline_state
    if finding.related:
        result["relatedLocations"] = [_location(finding, place.range) for place in finding.related]
    if hashes is not None and (fixes := [_fix(finding, fix) for fix in finding.fixes if shows_no_secret(fix)]):
        result["fixes"] = [*fixes]
    return result


def _artifact(finding: Finding) -> JsonObject:
    if finding.rel_path is None:
        return {"uri": finding.uri}
    return {"uri": quote(os.fsencode(finding.rel_path)), "uriBaseId": _ROOT}


def _location(finding: Finding, range_: Range | None) -> JsonObject:
    physical: JsonObject = {"artifactLocation": _artifact(finding)}
    if range_ is not None:
        physical["region"] = _region(range_)
    location: JsonObject = {"physicalLocation": physical}
    if finding.symbol:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.symbol}]
    return location


def _region(range_: Range) -> JsonObject:
    """One-based; the end column is that of the first character behind."""
    return {
        "startLine": range_.start.line + 1,
        "startColumn": range_.start.character + 1,
        "endLine": range_.end.line + 1,
        "endColumn": range_.end.character + 1,
    }


def _suppressions(finding: Finding) -> Iterator[JsonObject]:
    kind = _SUPPRESSED.get(finding.state)
    reason = finding.reason or ("in the baseline" if finding.state == "baselined" else None)
    if kind is not None:
        yield {"kind": kind, "status": "accepted", **({"justification": reason} if reason else {})}


def shows_no_secret(fix: Fix) -> bool:
    """Whether it can be shown to anybody: a secret that stood in the code stands in its replacement too."""
    return not any(mask(edit.new_text).secrets for edit in fix.edits)


def _fix(finding: Finding, fix: Fix) -> JsonObject:
    replacements: list[JsonObject] = [
        {"deletedRegion": _region(edit.range), "insertedContent": {"text": edit.new_text}} for edit in fix.edits
    ]
    change: JsonObject = {"artifactLocation": _artifact(finding), "replacements": [*replacements]}
    return {"description": {"text": fix.title}, "artifactChanges": [change]}


def _invocation(results: Sequence[AuditResult], root: str | None) -> JsonObject:
    """What was not audited, and so whether an empty list of results means anything."""
    notifications = [note for result in results for note in _notifications(result, root)]
    complete = bool(results) and all(result.status in ("complete", "skipped") for result in results)
    return {"executionSuccessful": complete, "toolExecutionNotifications": [*notifications]}


def _notifications(result: AuditResult, root: str | None) -> Iterator[JsonObject]:
    if result.status not in ("complete", "skipped"):
        because = f": {result.error.message}" if result.error else "."
        yield {"level": "error", "message": {"text": f"The audit is {result.status}{because}"}}
    for chunk in result.chunks:
        if chunk.status != "reviewed":
            yield _left_out(chunk, root)
    if result.unverified:
        text = f"{len(result.unverified)} claims quote code that stands nowhere in the text; they are left out."
        yield {"level": "note", "message": {"text": text}}


def _left_out(chunk: ChunkReport, root: str | None) -> JsonObject:
    notification: JsonObject = {
        "level": "error" if chunk.status == "failed" else "warning",
        "message": {"text": chunk.reason or "This part was not audited."},
    }
    if chunk.uri is not None:
        folder = f"{root.rstrip('/')}/" if root else ""
        inside = bool(folder) and chunk.uri.startswith(folder)
        where: JsonObject = {"uri": chunk.uri.removeprefix(folder), **({"uriBaseId": _ROOT} if inside else {})}
        physical: JsonObject = {"artifactLocation": where}
        if chunk.first_line is not None and chunk.last_line is not None:
            physical["region"] = {"startLine": chunk.first_line + 1, "endLine": chunk.last_line + 1}
        notification["locations"] = [{"physicalLocation": physical}]
    return notification
