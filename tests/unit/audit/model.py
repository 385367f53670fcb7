"""A stand-in for a model: answers an audit's request with what a test wants it to say."""

import json
from collections.abc import Callable

from pydantic import JsonValue

from maestro.audit.asking.exchange import Compose, RawReply, StructuredRequest
from maestro.audit.engine import audit
from maestro.audit.options import AuditOptions, Shared
from maestro.audit.source import AuditSource
from maestro_protocol.audit import AuditResult
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Usage

OPTIONS = AuditOptions(provider="fake", model="m", audit_id="aud_1")


def data_of(request: StructuredRequest) -> dict[str, JsonValue]:
    """What a test double reads: from the first brace to the last."""
    user = request.user
    data: dict[str, JsonValue] = json.loads(user[user.index("{") : user.rindex("}") + 1])
    return data


def claim(quote: str, **members: JsonValue) -> JsonObject:
    """A whole claim about a quote."""
    return {
        "quote": quote,
        "line": 1,
        "symbol": "",
        "why": "It fails on empty input.",
        "rule": "wrong-logic",
        "severity": "high",
        "confidence": "high",
        "title": "Wrong for empty input",
        "fix": "",
        "related": [],
        **members,
    }


def answer(request: StructuredRequest, *claims: JsonValue) -> str:
    """A correct answer to a request."""
    data = data_of(request)
    chunks = data["chunks"]
    assert isinstance(chunks, list)
    ids = [chunk["id"] for chunk in chunks if isinstance(chunk, dict)]
    return json.dumps({"audit_id": data["audit_id"], "reviewed": ids, "findings": list(claims)})


def raw(text: str, *, truncated: bool = False, filtered: bool = False) -> RawReply:
    usage = Usage(input_tokens=10, output_tokens=5, total_tokens=15)
    return RawReply(text, "STOP", truncated, filtered, usage)


async def ask(
    source: AuditSource,
    say: Callable[[StructuredRequest], RawReply],
    options: AuditOptions = OPTIONS,
    sent: list[StructuredRequest] | None = None,
    shared: Shared | None = None,
) -> AuditResult:
    """Audit with a model that says what `say` makes of the request; `sent` collects the requests."""

    async def generate(compose: Compose) -> RawReply:
        request = compose()
        if sent is not None:
            sent.append(request)
        return say(request)

    return (await audit(source, generate, options, shared or Shared())).result


def python(text: str) -> AuditSource:
    return AuditSource("file:///work/app.py", text, "python")


def apply_edits(source: AuditSource, result: AuditResult, index: int = 0) -> str:
    """The text after the first fix of a finding (ranges in UTF-16)."""
    [fix, *_] = result.findings[index].fixes
    lines = source.text.split("\n")
    for edit in fix.edits:
        start, end = edit.range.start, edit.range.end
        before = "\n".join([*lines[: start.line], _cut(lines[start.line], start.character)[0]])
        after_first = _cut(lines[end.line], end.character)[1] if end.line < len(lines) else ""
        lines = (before + edit.new_text + "\n".join([after_first, *lines[end.line + 1 :]])).split("\n")
    return "\n".join(lines)


def _cut(line: str, units: int) -> tuple[str, str]:
    encoded = line.encode("utf-16-le")
    return encoded[: units * 2].decode("utf-16-le"), encoded[units * 2 :].decode("utf-16-le")
