"""What the model is asked to return, by the names that stand on the wire."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from maestro.audit.judging.plain_text import one_line
from maestro_protocol.audit import Confidence, Severity
from maestro_protocol.base import JsonObject

SCHEMA_VERSION = "1"
MAX_TITLE = 80
MAX_WHY = 400
_MAX_SYMBOL = 200
_MAX_RELATED = 10

# What other tools call the same; a word that is in neither list is a misfit.
_SEVERITIES: Mapping[str, Severity] = {
    "blocker": "critical", "severe": "high", "error": "high", "major": "high", "moderate": "medium",
    "warning": "medium", "minor": "low", "info": "low", "information": "low", "informational": "low", "note": "low",
}  # fmt: skip
_SURROGATE = re.compile("[\ud800-\udfff]")


def _text(value: object) -> object:
    """Half a surrogate pair cannot be sent on; nothing said where a text is optional is an empty text."""
    if value is None:
        return ""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


def _clipped(limit: int) -> BeforeValidator:
    return BeforeValidator(lambda value: one_line(value, limit) if isinstance(value, str) else value)


def _severity(value: object) -> object:
    word = value.strip().lower() if isinstance(value, str) else value
    return _SEVERITIES.get(word, word) if isinstance(word, str) else word


def _confidence(value: object) -> object:
    """Some models would rather say a number between 0 and 1."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return "high" if value >= 0.8 else "medium" if value >= 0.5 else "low"
    return value.strip().lower() if isinstance(value, str) else value


def _slug(value: object) -> object:
    """`Code Injection` and `code_injection` are the rule `code-injection`."""
    return re.sub(r"[\s_]+", "-", value.strip().lower()) if isinstance(value, str) else value


def _line(value: object) -> object:
    return value if isinstance(value, int | str) else ""


def _quotes(value: object) -> object:
    quotes = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [_text(quote) for quote in quotes if isinstance(quote, str) and quote.strip()][:_MAX_RELATED]


class WireFinding(BaseModel):
    """One claim: flat, evidence before judgement. Forgiving where a slip does no harm: in hints and in spelling."""

    quote: Annotated[str, BeforeValidator(_text), Field(min_length=1)]
    line: Annotated[int | str, BeforeValidator(_line)] = ""
    symbol: Annotated[str, _clipped(_MAX_SYMBOL), BeforeValidator(_text)] = ""
    why: Annotated[str, _clipped(MAX_WHY)]
    rule: Annotated[str, _clipped(MAX_TITLE), BeforeValidator(_slug)]
    severity: Annotated[Severity, BeforeValidator(_severity)]
    confidence: Annotated[Confidence, BeforeValidator(_confidence)] = "low"
    title: Annotated[str, _clipped(MAX_TITLE), Field(min_length=1)]
    fix: Annotated[str, BeforeValidator(_text)] = ""
    related: Annotated[list[str], BeforeValidator(_quotes)] = Field(default_factory=list)
    file: Annotated[str, BeforeValidator(_text)] = Field(default="", exclude=True)
    """Not asked for: a model that names another file than the one it was given is not speaking of it."""
    safe: bool = False
    """That the fix keeps behaviour; not asked for, and a model's word for it does not count."""

    @property
    def hint(self) -> int | None:
        """The claimed line, zero-based; a hint only."""
        text = str(self.line).strip().upper().removeprefix("L").partition("-")[0]
        return int(text) - 1 if text.isascii() and text.isdigit() and 0 < len(text) < 9 else None


class WireReply(BaseModel):
    """The whole answer. Findings are validated one by one."""

    audit_id: str
    reviewed: list[str]
    findings: list[WireFinding]


_TEXT: JsonObject = {"type": "string"}


def _described(kind: Literal["string", "integer"], description: str) -> JsonObject:
    return {"type": kind, "description": description}


def _one_of(*values: str) -> JsonObject:
    return {"type": "string", "enum": list(values)}


_FINDING: JsonObject = {
    "quote": _described("string", "1-3 consecutive source lines, verbatim, without line numbers"),
    "line": _described("integer", "number of the first quoted line"),
    "symbol": _described("string", "qualified name of the enclosing function or class, or empty"),
    "why": _described("string", f"the concrete failure, at most {MAX_WHY} characters"),
    "rule": _described("string", "id of the rule"),
    "severity": _one_of("critical", "high", "medium", "low"),
    "confidence": _one_of("high", "medium", "low"),
    "title": _described("string", f"at most {MAX_TITLE} characters"),
    "fix": _described("string", "replacement for the quoted lines, or empty; one line break alone deletes them"),
    "related": {"type": "array", "items": _TEXT, "description": "other quotes in the same file"},
}

_REPLY: JsonObject = {
    "audit_id": _described("string", "the audit_id of the request"),
    "reviewed": {"type": "array", "items": _TEXT, "description": "ids of the chunks that were reviewed"},
    "findings": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": _FINDING,
            "required": list(_FINDING),
            "propertyOrdering": list(_FINDING),
        },
    },
}

# What proves that the answer is an answer comes first, so that a cut one can still be told from a clean one.
SCHEMA: JsonObject = {
    "type": "object",
    "properties": _REPLY,
    "required": list(_REPLY),
    "propertyOrdering": list(_REPLY),
}
