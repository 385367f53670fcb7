"""Results of audits as texts for a terminal, for programs and for the annotations of a build."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from maestro.audit.positions import from_range
from maestro.audit.reports.left_out import Name, clean, files_unread, left_out, looked, readable, reasons, unread
from maestro.audit.reports.sarif import level, shows_no_secret
from maestro.audit.secrets import mask
from maestro.audit.source import AuditSource
from maestro.positions import Encoding
from maestro_protocol.audit import AuditResult, AuditStatus, ChunkReport, Finding

_SHOWN = frozenset({"open", "touched"})
_WORST: tuple[AuditStatus, ...] = ("failed", "cancelled", "partial", "complete", "skipped")
_WIDEST = 160
_FRAME_LINES = 3
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def status_of(results: Sequence[AuditResult]) -> AuditStatus:
    """What became of all: complete only if each is complete or had nothing to review; failed where there are none."""
    statuses = {result.status for result in results} or {"failed"}
    if statuses & {"complete", "partial"} and statuses & {"failed", "cancelled"}:
        return "partial"
    return next(status for status in _WORST if status in statuses)


def shown(results: Sequence[AuditResult]) -> list[Finding]:
    """The findings somebody has to look at, by file and place."""
    findings = [one for result in results for one in result.findings if one.state in _SHOWN]
    return sorted(findings, key=lambda one: (_path(one), one.range is None, _start(one), one.rule))


def render_text(
    results: Sequence[AuditResult],
    texts: Mapping[str, str],
    *,
    frames: bool = True,
    encoding: Encoding = "utf-16",
    name: Name = str,
) -> str:
    """For people: grouped by file, with the code where `texts` has it by URI, and a last line that sums up.

    `name` says how documents are called of which nothing was found.
    """
    lines: list[str] = []
    for path, findings in groupby(shown(results), key=_path):
        lines.append(readable(path))
        for finding in findings:
            lines += _paragraph(finding)
            if frames and finding.uri in texts and finding.range is not None:
                lines += _frame(finding, texts[finding.uri], encoding)
        lines.append("")
    return "\n".join([*lines, *ending(results, name), ""])


def ending(results: Sequence[AuditResult], name: Name = str) -> list[str]:
    """The last lines for people: what was not audited, what looked at the rest, and the sum."""
    lines = [*(f"not audited: {reason}" for reason in left_out(results, name)), *looked(results), summary(results)]
    return [*map(clean, lines)]


def render_json(results: Sequence[AuditResult]) -> str:
    """For programs: the results as they are on the wire, in one document; fixes that show a secret are left out."""
    wire = [without_secrets(result).to_wire() for result in results]
    return json.dumps({"status": status_of(results), "results": wire}, ensure_ascii=False, indent=2) + "\n"


def render_github(results: Sequence[AuditResult], name: Name = str) -> str:
    """Workflow commands, one per line, which GitHub shows beside the lines of a pull request."""
    commands = [_annotation(finding) for finding in shown(results)]
    commands += [_unread(chunk, name) for chunk in unread(results)]
    if status_of(results) not in ("complete", "skipped"):
        text = " ".join([summary(results), *reasons(results)])
        commands.append(f"::error title={_property('Audit incomplete')}::{_data(text)}")
    return "".join(f"{command}\n" for command in commands)


def summary(results: Sequence[AuditResult]) -> str:
    """One line; only a complete audit without findings is called clean."""
    status, findings = status_of(results), shown(results)
    counts = Counter(finding.severity for finding in findings)
    parts = ", ".join(f"{counts[one]} {one}" for one in ("critical", "high", "medium", "low") if counts[one])
    found = f"{_counted(len(findings), 'finding')} ({parts})" if findings else "no findings"
    hidden = Counter(one.state for result in results for one in result.findings if one.state not in _SHOWN)
    others = "".join(f", {count} {state}" for state, count in sorted(hidden.items()))
    unverified = sum(len(result.unverified) for result in results)
    others += f", {unverified} without a place in the code" if unverified else ""
    failed, over = files_unread(results)
    others += f", {_counted(failed, 'file')} not audited" if failed else ""
    others += f", {_counted(over, 'file')} passed over" if over else ""
    if status == "complete":
        return f"{found}{others}" if findings else f"clean: {found}{others}"
    if status == "skipped":
        return f"nothing was audited: there is nothing to review{others}"
    return f"INCOMPLETE, the audit is {status}: {found} in what was reviewed{others}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _path(finding: Finding) -> str:
    return finding.rel_path or finding.uri


def _start(finding: Finding) -> tuple[int, int]:
    return (finding.range.start.line, finding.range.start.character) if finding.range else (0, 0)


def _paragraph(finding: Finding) -> Iterator[str]:
    line, column = _start(finding)
    sure = "" if finding.confidence == "high" else f", {finding.confidence} confidence"
    yield clean(f"  {line + 1}:{column + 1}  {finding.severity}{sure}: {on_one_line(finding.title)} [{finding.rule}]")
    yield clean(f"      {on_one_line(finding.message)}")


def _frame(finding: Finding, text: str, encoding: Encoding) -> Iterator[str]:
    """The first lines of the place without their secrets, and what of a single one is meant."""
    language = finding.language or ""
    source = AuditSource(finding.uri, mask(text, language=language).text, language)
    assert finding.range is not None
    span = from_range(source.lines, finding.range, encoding)
    last = min(span.end_line, span.start_line + _FRAME_LINES - 1)
    width = len(str(last + 1))
    for number in range(span.start_line, last + 1):
        yield f"      {number + 1:>{width}} | {clean(source.lines[number])[:_WIDEST]}"
    if span.start_line == span.end_line and span.start < _WIDEST:
        before = re.sub(r"[^\t]", " ", source.lines[span.start_line][: span.start])
        yield f"      {'':>{width}} | {before}{'^' * max(1, min(span.end, _WIDEST) - span.start)}"


def without_secrets(result: AuditResult) -> AuditResult:
    """The result without the fixes that show one."""

    def cleaned(findings: Sequence[Finding]) -> list[Finding]:
        return [one.model_copy(update={"fixes": [*filter(shows_no_secret, one.fixes)]}) for one in findings]

    return result.model_copy(update={"findings": cleaned(result.findings), "unverified": cleaned(result.unverified)})


def _annotation(finding: Finding) -> str:
    properties: dict[str, str | int] = {}
    if finding.range is not None:
        start, end = finding.range.start, finding.range.end
        properties |= {"line": start.line + 1, "endLine": end.line + 1}
        if start.line == end.line:  # columns of several lines are refused
            properties |= {"col": start.character + 1, "endColumn": max(end.character, start.character + 1)}
    properties["title"] = f"{finding.title} [{finding.rule}]"
    said = "".join(f",{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[level(finding)]} file={_file(_path(finding))}{said}::{_data(finding.message)}"


def _unread(chunk: ChunkReport, name: Name) -> str:
    kind = "warning" if chunk.status == "failed" else "notice"
    return f"::{kind} file={_file(name(chunk.uri or ''))},title=Not audited::{_data(chunk.reason or '')}"


def _file(name: str) -> str:
    """A name with its line ends, which commands can have, and escapes for what they cannot."""
    return "".join(_property(one if one in "\r\n" else readable(one)) for one in name)


def _data(text: str) -> str:
    text = "\r".join(map(clean, text.split("\r")))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def on_one_line(text: str) -> str:
    """What a model says cannot look like lines of the report."""
    return " ".join(text.split())
