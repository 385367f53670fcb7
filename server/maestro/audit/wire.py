"""What the model is asked to return, by the names that stand on the wire."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from maestro_protocol.audit import Confidence, Severity
from maestro_protocol.base import JsonObject

SCHEMA_VERSION = "1"


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _slug(value: object) -> object:
    """`Code Injection` and `code_injection` are the rule `code-injection`."""
    return re.sub(r"[\s_]+", "-", value.strip().lower()) if isinstance(value, str) else value


class WireFinding(BaseModel):
    """One claim: flat, evidence before judgement."""

    quote: str = Field(min_length=1)
    line: int | str = ""
    symbol: str = ""
    why: str
    rule: Annotated[str, BeforeValidator(_slug)]
    severity: Annotated[Severity, BeforeValidator(_lower)]
    confidence: Annotated[Confidence, BeforeValidator(_lower)]
    title: str = Field(min_length=1)
    fix: str = ""
    related: list[str] = Field(default_factory=list)

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
    "why": _described("string", "the concrete failure, at most 400 characters"),
    "rule": _described("string", "id of the rule"),
    "severity": _one_of("critical", "high", "medium", "low"),
    "confidence": _one_of("high", "medium", "low"),
    "title": _described("string", "at most 80 characters"),
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
