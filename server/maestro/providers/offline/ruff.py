"""Ruff's findings on Python text, with its fixes as replacements of whole lines."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from maestro.audit.asking.wire import WireFinding
from maestro.audit.catalogue import BY_ID
from maestro.audit.secrets import PLACEHOLDER
from maestro.audit.source import AuditSource, Span

_TIMEOUT = 20.0

RULES: Mapping[str, str] = {
    rule: ours
    for ours, rules in {
        "undefined-name": "F821 F822 F823",
        "unused-code": "F401 F841",
        "needless-code": "F541 B018 PLW0127",
        "redefinition": "F811",
        "wrong-arguments": "F502 F503 F504 F505 F506 F507 F508 F509 F522 F523 F524 F525 B005 PLE1205 PLE1206 PLE1307",
        "wrong-comparison": "F632 E711 E721 B015 PLR0124 PLW0177",
        "wrong-logic": "F631 F634 B020 B031",
        "mutable-default": "B006",
        "loop-variable-capture": "B023",
        "unreachable-code": "B025",
        "swallowed-error": "E722 B012 S110 S112",
        "lost-cause": "B904",
        "weak-assertion": "B011 B017 PLW0129",
        "code-injection": "S102 S307",
        "command-injection": "S602 S605",
        "sql-injection": "S608",
        "race-condition": "S306",
        "unsafe-deserialization": "S301 S506",
        "weak-cryptography": "S324",
        "missing-verification": "S501",
        "missing-timeout": "S113",
        "resource-leak": "SIM115",
        "blocking-call": "ASYNC210 ASYNC220 ASYNC221 ASYNC230 ASYNC251",
        "debug-leftover": "T100",
    }.items()
    for rule in rules.split()
}
"""Ruff's rules that name a defect, and what the catalogue calls it.

Those about passwords are left out: secrets were found, and taken out, before the text came here, and what ruff says
beyond that is about names.
"""

_VALUE_IN_SQL = re.compile(
    r"""(?x)(?: '%? | [=<>]\s*'?%? | \b(?i:like)\s+'?%? ) (?: \{(?![A-Z_]+\}) | %[sd(] | ["']\s*(?:\+|%) )"""
)
"""Where a value goes into a statement; names of tables and columns can come from nowhere but the program."""

_DOUBTFUL = frozenset({"S608", "SIM115"})
"""Who may choose the value, and who closes the file, ruff does not know."""

_WHOLE_FILE = frozenset({"F401", "F811", "F821", "F822", "F823", ""})
"""What cannot be said of a part of a file; the empty one is a syntax error."""

_NAME_TAKEN_OUT = re.compile(r"[\w.]MSK\d{5}|MSK\d{5}x*[\w.(]")
"""Code that went with a secret: what else uses a name cannot be said then."""


class _Place(BaseModel):
    row: int
    column: int


class _Edit(BaseModel):
    content: str
    location: _Place
    end_location: _Place


class _Fix(BaseModel):
    applicability: str
    edits: list[_Edit]


class _Diagnostic(BaseModel):
    code: str | None
    message: str
    location: _Place
    end_location: _Place
    fix: _Fix | None = None


_DIAGNOSTICS = TypeAdapter(list[_Diagnostic])


def find_ruff() -> str | None:
    """The ruff beside this Python, else the one on the PATH."""
    beside = Path(sys.executable).with_name("ruff.exe" if os.name == "nt" else "ruff")
    return str(beside) if beside.is_file() else shutil.which("ruff")


async def run_ruff(program: str, source: AuditSource, *, part: bool) -> list[WireFinding] | None:
    """Check the text; None if ruff could not do it. `part` says that the text is not a whole file."""
    output = await _execute(program, source.plain, stub=source.name.endswith(".pyi"))
    if output is None:
        return None
    try:
        diagnostics = _DIAGNOSTICS.validate_json(output)
    except ValidationError:
        return None
    part = part or _NAME_TAKEN_OUT.search(source.plain) is not None
    known = [d for d in diagnostics if _rule(d) is not None and not (part and _code(d) in _WHOLE_FILE)]
    return [_finding(source, diagnostic) for diagnostic in known if _is_defect(source, diagnostic)]


async def _execute(program: str, text: str, *, stub: bool) -> bytes | None:
    """Ruff's output; it ends with 0 or 1 if it could check the text. The user's own configuration has no say."""
    process = await asyncio.create_subprocess_exec(
        program,
        *("check", "--isolated", "--no-cache", "--quiet", "--output-format", "json", "--target-version", "py313"),
        *("--select", ",".join(RULES), "--stdin-filename", "audited.pyi" if stub else "audited.py", "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(text.encode("utf-8", "replace")), _TIMEOUT)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output if process.returncode in (0, 1) else None


def _code(diagnostic: _Diagnostic) -> str:
    """Syntax errors have no code, or `invalid-syntax`."""
    return "" if diagnostic.code in (None, "invalid-syntax") else str(diagnostic.code)


def _is_defect(source: AuditSource, diagnostic: _Diagnostic) -> bool:
    """Whether it is one also in this text, from which secrets were taken out."""
    code = _code(diagnostic)
    if code not in ("S608", "F541"):
        return not PLACEHOLDER.search(diagnostic.message)
    text = "\n".join(source.lines[diagnostic.location.row - 1 : diagnostic.end_location.row])
    return bool(_VALUE_IN_SQL.search(text)) if code == "S608" else not PLACEHOLDER.search(text)


def _rule(diagnostic: _Diagnostic) -> str | None:
    return RULES.get(_code(diagnostic)) if _code(diagnostic) else "syntax-error"


def _finding(source: AuditSource, diagnostic: _Diagnostic) -> WireFinding:
    rule = BY_ID[str(_rule(diagnostic))]
    first, last, fix = _lines(source, diagnostic)
    code = _code(diagnostic)
    return WireFinding(
        quote="\n".join(source.lines[first : last + 1]),
        line=first + 1,
        why=f"{rule.about.rstrip('.')} ({f'ruff {code}' if code else 'ruff'}).",
        rule=rule.id,
        severity=rule.severity,
        confidence="medium" if code in _DOUBTFUL else "high",
        title=diagnostic.message,
        fix=fix,
        safe=diagnostic.fix is not None and diagnostic.fix.applicability == "safe",
    )


def _lines(source: AuditSource, diagnostic: _Diagnostic) -> tuple[int, int, str]:
    """The lines to quote and their replacement: those the fix touches if they are few, else where the defect begins."""
    first = _visible(source, diagnostic.location.row - 1)
    if diagnostic.fix is None or not diagnostic.fix.edits:
        return first, first, ""
    spans = [_span(edit) for edit in diagnostic.fix.edits]
    # An edit that ends before the first character of a line leaves that line alone.
    top = min([first, *(span.start_line for span in spans)])
    bottom = max([first, *(span.end_line - (span.end == 0 and span.end_line > first) for span in spans)])
    if bottom - top >= 3 or bottom >= len(source.lines):
        return first, first, ""
    return top, bottom, _replacement(source, top, bottom, diagnostic.fix.edits)


def _replacement(source: AuditSource, top: int, bottom: int, edits: Sequence[_Edit]) -> str:
    """The lines after the edits; a line break alone if nothing is left of them."""
    start, end = source.offset(top), source.offset(bottom + 1)
    text, at = "", start
    for edit in sorted(edits, key=lambda e: (e.location.row, e.location.column)):
        span = _span(edit)
        text += source.plain[at : source.offset(span.start_line, span.start)] + edit.content
        at = source.offset(span.end_line, span.end)
    return (text + source.plain[at:end]).rstrip("\n") or "\n"


def _span(edit: _Edit) -> Span:
    return Span(
        edit.location.row - 1, edit.location.column - 1, edit.end_location.row - 1, edit.end_location.column - 1
    )


def _visible(source: AuditSource, line: int) -> int:
    """The line, or the nearest one above that has something to quote."""
    line = min(line, len(source.lines) - 1)
    while line > 0 and not any(character.isalnum() for character in source.lines[line]):
        line -= 1
    return line
