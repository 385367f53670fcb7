"""What an audit found, in the form that was asked for."""

import codecs
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from maestro import __version__
from maestro.audit.positions import from_range
from maestro.audit.reports import renderings as reports
from maestro.audit.reports.left_out import clean, readable
from maestro.audit.reports.sarif import sarif
from maestro.audit.secrets import mask
from maestro.audit.source import AuditSource
from maestro.cli.audit_arguments import SEVERITIES
from maestro.cli.code_frame import draw
from maestro.workspace.names import path_of
from maestro_protocol.audit import AuditResult, Finding, Severity
from maestro_protocol.base import JsonObject

Form: TypeAlias = Literal["text", "json", "sarif", "github"]
Texts: TypeAlias = Mapping[str, str]
"""The audited texts, by URI."""

_LEVEL: Mapping[Severity, int] = {"critical": 1, "high": 1, "medium": 2, "low": 3}


def render(result: AuditResult, texts: Texts, form: Form, *, here: Path, root: Path, colours: bool = False) -> str:
    """The whole report. Paths are relative to `root`, in a text to `here`; what lies elsewhere is named in full."""
    match form:
        case "json":
            return _json(result)
        case "sarif":
            found = sarif([seen_from(root, result)], _as_in_files(texts), version=__version__, root=root.as_uri())
            return json.dumps(found, ensure_ascii=False, indent=2) + "\n"
        case "github":
            return reports.render_github([seen_from(root, result)], _names(root))
        case "text":
            near = seen_from(here, result)
            drawn = "\n".join(_frames(near, texts, _names(here))) if colours else None
            return drawn or reports.render_text([near], texts, name=_names(here))


def exit_code(result: AuditResult, fail_on: Severity | Literal["never"]) -> int:
    """0 clean, 1 findings that count, 2 not everything was reviewed."""
    if result.status not in ("complete", "skipped"):
        return 2
    counting = () if fail_on == "never" else SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return int(any(finding.severity in counting for finding in reports.shown([result])))


def on_lines(result: AuditResult, lines: Mapping[str, Sequence[tuple[int, int]]]) -> AuditResult:
    """Only the findings that touch these stretches of their documents; none stand for a whole document."""

    def touches(finding: Finding) -> bool:
        stretches = lines.get(finding.uri, ())
        if not stretches or finding.range is None:
            return True
        return any(finding.range.start.line <= last and first <= finding.range.end.line for first, last in stretches)

    return result.model_copy(update={"findings": [*filter(touches, result.findings)]})


def seen_from(base: Path, result: AuditResult) -> AuditResult:
    """The result with its paths as they are from a folder."""

    def seen(findings: Sequence[Finding]) -> list[Finding]:
        return [one.model_copy(update={"rel_path": _seen(base, one.uri)}) for one in findings]

    return result.model_copy(update={"findings": seen(result.findings), "unverified": seen(result.unverified)})


def _seen(base: Path, uri: str) -> str | None:
    path = path_of(uri)
    if path is None:
        return None
    return (path.relative_to(base) if path.is_relative_to(base) else path).as_posix()


def _names(base: Path) -> Callable[[str], str]:
    return lambda uri: _seen(base, uri) or uri


def _as_in_files(texts: Texts) -> Texts:
    """The texts with their byte order marks, which code scanning hashes too."""
    return {uri: f"\ufeff{text}" if _is_marked(uri) else text for uri, text in texts.items()}


def _is_marked(uri: str) -> bool:
    try:
        with (path_of(uri) or Path(uri)).open("rb") as file:
            return file.read(3) == codecs.BOM_UTF8
    except OSError:
        return False


def _json(result: AuditResult) -> str:
    shown: Counter[str] = Counter(finding.severity for finding in reports.shown([result]))
    summary: JsonObject = {
        "text": reports.summary([result]),
        "findings": sum(shown.values()),
        "bySeverity": {severity: shown[severity] for severity in SEVERITIES},
        "byState": dict(sorted(Counter(finding.state for finding in result.findings).items())),
    }
    document = {**reports.without_secrets(result).to_wire(), "summary": summary}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _frames(result: AuditResult, texts: Texts, name: Callable[[str], str]) -> Iterator[str]:
    """For a terminal in colour."""
    masked: dict[str, str] = {}
    for finding in reports.shown([result]):
        if finding.uri in texts and finding.uri not in masked:
            masked[finding.uri] = mask(texts[finding.uri], language=finding.language or "").text
        yield _frame(finding, masked.get(finding.uri, ""))
    yield from (*reports.ending([result], name), "")


def _frame(finding: Finding, text: str) -> str:
    source = AuditSource(finding.uri, text, finding.language or "")
    span = from_range(source.lines, finding.range, "utf-16") if finding.range else None
    start, end = ((span.start_line, span.start), (span.end_line, span.end)) if span else ((0, 0), (0, 0))
    diagnostic: JsonObject = {
        "range": {"start": _position(*start), "end": _position(*end)},
        "severity": _LEVEL[finding.severity],
        "code": finding.rule,
        "message": "\n".join(clean(reports.on_one_line(one)) for one in (finding.title, finding.message)),
    }
    name = readable(finding.rel_path or finding.uri)
    return draw(name, clean(source.plain), diagnostic)


def _position(line: int, character: int) -> JsonObject:
    return {"line": line, "character": character}
