"""Simple checks that need no tool: few, and right."""

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Iterator

from maestro.audit.asking.wire import WireFinding
from maestro.audit.catalogue import BY_ID
from maestro.audit.secrets import PLACEHOLDER
from maestro.audit.source import AuditSource
from maestro_protocol.audit import Confidence

_SCRIPT = frozenset({"javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte"})

_DEBUGGER = re.compile(r"\s*debugger\s*;?\s*$")
_CONSOLE = re.compile(r"\s*console\.(?:log|debug|trace)\([^\n]*\)\s*;?\s*$")
_NAN = re.compile(r"(?P<left>[\w$.\[\]]+)\s*(?P<operator>[!=]==?)\s*(?:Number\.)?NaN\b")
_EVAL = re.compile(r"(?<![\w$.])(?:eval\(|new Function\()(?!\s*\))")
_INNER_HTML = re.compile(r"\.(?:innerHTML|outerHTML)\s*\+?=\s*(?![=\s]*[\"'][^\"']*[\"']\s*;?\s*$)(?!=)")
_EMPTY_CATCH = re.compile(r"\bcatch\s*(?:\([^)]*\)\s*)?\{\s*\}")
_MAX_LINE = 2_000
_TEST = re.compile(r"(?i)(?:test_.*|.*[._-](?:test|spec)s?|conftest)\.[a-z]+$|.*Tests?\.(?:java|kt|cs|php)$")
_MADE_UP = {"severity": "low", "confidence": "low"}
"""Of most credentials in tests."""


def run_checks(source: AuditSource) -> Iterator[WireFinding]:
    """Everything that applies to the language."""
    yield from _conflicts(source)
    yield from _secrets(source)
    if source.language in _SCRIPT:
        yield from _script(source)


def check_syntax(source: AuditSource) -> Iterator[WireFinding]:
    """Whether a whole file parses, for the languages this Python can parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if source.language == "json":
                json.loads(source.plain)
            elif source.language == "toml":
                tomllib.loads(source.plain)
            elif source.language == "python":
                ast.parse(source.plain)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = _error_line(error)
        yield _finding(source, line, "syntax-error", f"The {source.language} text does not parse here.")


def _conflicts(source: AuditSource) -> Iterator[WireFinding]:
    """A marker of each kind, in order: `=======` alone underlines many a heading."""
    opened, divided = None, False
    for number, line in enumerate(source.lines):
        if line.startswith("<<<<<<< "):
            opened, divided = number, False
        elif line == "=======" and opened is not None:
            divided = True
        elif line.startswith(">>>>>>> ") and opened is not None and divided:
            yield _finding(source, opened, "merge-conflict", "A merge conflict was not resolved.")
            opened = None


def _secrets(source: AuditSource) -> Iterator[WireFinding]:
    """Secrets were replaced before the text came here; their placeholders tell where they are."""
    for number, line in enumerate(source.lines):
        if PLACEHOLDER.search(line):
            found = _finding(source, number, "hard-coded-secret", "A credential stands in the source.")
            yield found.model_copy(update=_MADE_UP) if _TEST.match(source.name) else found


def _script(source: AuditSource) -> Iterator[WireFinding]:
    for number, line in enumerate(source.lines):
        if len(line) > _MAX_LINE or line.lstrip().startswith(("//", "*", "/*")):
            continue
        if _DEBUGGER.match(line):
            yield _finding(source, number, "debug-leftover", "`debugger` stops the program.", fix="\n")
        elif _CONSOLE.match(line):
            yield _finding(source, number, "debug-leftover", "Output left over from debugging.", fix="\n")
        if _NAN.search(line):
            title = "Nothing equals NaN, so this is always the same."
            yield _finding(source, number, "wrong-comparison", title, fix=_NAN.sub(_is_nan, line))
        if _EVAL.search(line):
            yield _finding(source, number, "code-injection", "Text is run as code.", confidence="medium")
        if _INNER_HTML.search(line):
            title = "A value is put into the page as HTML."
            yield _finding(source, number, "cross-site-scripting", title, confidence="medium")
        if _EMPTY_CATCH.search(line):
            yield _finding(source, number, "swallowed-error", "An empty `catch` hides every failure.")


def _is_nan(found: re.Match[str]) -> str:
    return f"{'!' if found['operator'].startswith('!') else ''}Number.isNaN({found['left']})"


def _error_line(error: SyntaxError | ValueError | RecursionError) -> int:
    """Zero-based, as far as the parser tells."""
    if isinstance(error, SyntaxError | json.JSONDecodeError):
        return max((error.lineno or 1) - 1, 0)
    told = re.search(r"at line (\d+)", str(error))
    return int(told[1]) - 1 if told else 0


def _finding(
    source: AuditSource, line: int, rule_id: str, title: str, *, fix: str = "", confidence: Confidence = "high"
) -> WireFinding:
    rule = BY_ID[rule_id]
    while line > 0 and (line >= len(source.lines) or not any(map(str.isalnum, source.lines[line]))):
        line -= 1
    return WireFinding(
        quote=source.lines[line] or " ",
        line=line + 1,
        why=rule.about if rule.about != title else f"{title} Whoever can read the file can use it.",
        rule=rule.id,
        severity=rule.severity,
        confidence=confidence,
        title=title.rstrip("."),
        fix=fix,
    )
