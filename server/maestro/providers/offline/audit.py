"""The offline audit: the question a model would get, answered by ruff and a few simple checks."""

import asyncio
import re

from pydantic import BaseModel, ValidationError

from maestro.audit.asking.wire import WireFinding, WireReply
from maestro.audit.source import AuditSource
from maestro.failures import Failure, UpstreamError
from maestro.providers.base import Compose, Connection, RawReply
from maestro.providers.offline.checks import check_syntax, run_checks
from maestro.providers.offline.ruff import find_ruff, run_ruff

_NUMBER = re.compile(r"^\d+\| ?", re.M)

_WITH_RUFF = "Checked by ruff and simple rules; no model has read it."
_WITHOUT_RUFF = "Checked for syntax errors and by simple rules only: ruff is not installed, and no model has read it."
_NO_EFFORT = "An effort changes nothing of it."
_SIMPLE = "Checked by simple rules only; no model has read it."


class _Chunk(BaseModel):
    id: str
    start_line: int
    code: str


class _Data(BaseModel):
    audit_id: str
    file: str
    language: str
    skeleton: str
    chunks: list[_Chunk]


async def generate_structured(connection: Connection, compose: Compose) -> RawReply:
    """See `AuditRole`. The answer passes the same judgement as a model's."""
    request = compose()
    data = _read(request.user)
    notices, findings = set(), []
    for chunk in data.chunks:
        notice, found = await _check(data, chunk)
        notices.add(notice)
        findings += found
    reply = WireReply(audit_id=data.audit_id, reviewed=[chunk.id for chunk in data.chunks], findings=findings)
    return RawReply(
        text=reply.model_dump_json(),
        finish_reason="stop",
        truncated=False,
        filtered=False,
        notice=" ".join([*sorted(notices), *([_NO_EFFORT] if request.effort else [])]),
        partial=_WITHOUT_RUFF in notices,
    )


def _read(user: str) -> _Data:
    """The JSON object in the request's text."""
    try:
        return _Data.model_validate_json(user[user.index("{") : user.rindex("}") + 1])
    except (ValueError, ValidationError):
        failure = Failure("invalid_request", "The offline provider answers audits only; use a model for this.")
        raise UpstreamError(failure) from None


async def _check(data: _Data, chunk: _Chunk) -> tuple[str, list[WireFinding]]:
    source = AuditSource(data.file, _NUMBER.sub("", chunk.code), data.language)
    # With a skeleton beside it the text is a part of a file: names may come from elsewhere.
    part = bool(data.skeleton) or chunk.start_line > 1
    simple = list(run_checks(source))
    if data.language == "python":
        notice, found = await _check_python(source, part)
    else:
        notice, found = _SIMPLE, [] if part else list(check_syntax(source))
    shift = chunk.start_line - 1
    return notice, [_moved(finding, shift) for finding in [*found, *simple]]


async def _check_python(source: AuditSource, part: bool) -> tuple[str, list[WireFinding]]:
    program = await asyncio.to_thread(find_ruff)
    found = await run_ruff(program, source, part=part) if program else None
    if found is not None:
        return _WITH_RUFF, found
    return _WITHOUT_RUFF, [] if part else list(check_syntax(source))


def _moved(finding: WireFinding, lines: int) -> WireFinding:
    return finding.model_copy(update={"line": int(finding.line) + lines})
