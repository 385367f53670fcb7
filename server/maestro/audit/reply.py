"""From a model's text to claims: keeps what is whole, never repairs, and never takes a failure for a clean bill."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pydantic import JsonValue, ValidationError

from maestro.audit.catalogue import BY_ID
from maestro.audit.exchange import RawReply
from maestro.audit.wire import WireFinding
from maestro.errors import MaestroError
from maestro_protocol.base import JsonObject

MAX_CHARS = 2**18
"""Four times what the output cap of a request allows."""

_TOO_LARGE = "The model's answer is too large to be an audit; try another model."
_UNPROVEN = "The model's answer does not show that it is about this request; run the audit again."
_UNREVIEWED = "The model did not say that it reviewed everything it was given; run the audit again."
_CONTRADICTION = "The model went on behind an answer without findings; run the audit again."
_DISAGREEMENT = "The model answered more than once and not the same; all findings are kept."
_NO_SUCH_RULES = "The model's findings all name rules that do not exist; run the audit again or use another model."
_CUT = "The model's answer was cut off; what was whole is kept."
_CUT_EARLY = "The model's answer was cut off before it said anything usable; audit a smaller part."
_MISFITS = "Some of the model's findings could not be read; the others are kept."
_WITHHELD = "The provider withheld the answer; audit a smaller part, or use another provider."
_EMPTY = "The model answered nothing; run the audit again or use another model."


_NOTHING_MORE = re.compile(r"\s*(?:```|~~~)?\s*\Z")


@dataclass(frozen=True, slots=True)
class Reading:
    """`clean` code is `complete` without findings; `error` says what is wrong with the answer otherwise."""

    status: Literal["complete", "partial", "failed"]
    error: MaestroError | None = None
    findings: list[WireFinding] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)


class _Candidate(NamedTuple):
    value: JsonObject
    whole: bool
    end: int


def read_reply(reply: RawReply, audit_id: str, chunk_ids: tuple[str, ...]) -> Reading:
    """Judge an answer to the request with this nonce and these chunks."""
    if reply.filtered:
        return _failed("contentFiltered", _WITHHELD)
    if len(reply.text) > MAX_CHARS:
        return _failed("upstreamBadResponse", _TOO_LARGE)
    if not reply.text.strip():
        return _failed("upstreamBadResponse", _EMPTY)
    text = _without_thoughts(reply.text)
    try:
        found = list(_candidates(text, audit_id))
        own = [candidate for candidate in found if _is_answer(candidate, audit_id)]
        claims = [_claims(answer) for answer in own]
    except RecursionError:
        # Nothing that was asked for is a thousand levels deep.
        return _failed("upstreamBadResponse", _UNPROVEN)
    if not own:
        return _failed("upstreamBadResponse", _CUT_EARLY if reply.truncated else _UNPROVEN)
    if _missing(own[-1], chunk_ids):
        return _failed("upstreamBadResponse", _UNREVIEWED)
    # A later answer must not hide what an earlier one found.
    union = {key: claim for answer in claims for key, claim in answer.items()}
    cut = reply.truncated or not all(answer.whole for answer in own)
    if not union and not cut and _takes_back(text, found, own[-1]):
        return _failed("upstreamBadResponse", _CONTRADICTION)
    return _judge([*union.values()], cut=cut, agreed=all(answer.keys() == union.keys() for answer in claims))


def _claims(answer: _Candidate) -> dict[str, JsonValue]:
    """What the answer claims, by its text, so that equal claims are one."""
    items = answer.value["findings"]
    return {json.dumps(item, sort_keys=True): item for item in items} if isinstance(items, list) else {}


def _takes_back(text: str, found: Sequence[_Candidate], answer: _Candidate) -> bool:
    """Whether findings stand beside an answer without any, or anything at all behind it."""
    return not _NOTHING_MORE.match(text, answer.end) or any(candidate.value.get("findings") for candidate in found)


def _judge(items: list[JsonValue], *, cut: bool, agreed: bool) -> Reading:
    findings, rejected = _validate(items)
    if cut:
        problem = _CUT
    elif rejected:
        problem = _MISFITS
    elif not agreed:
        problem = _DISAGREEMENT
    elif findings and not any(finding.rule in BY_ID for finding in findings):
        problem = _NO_SUCH_RULES
    else:
        return Reading("complete", None, findings)
    return Reading("partial", MaestroError("upstreamBadResponse", problem), findings, rejected)


def _failed(kind: str, message: str) -> Reading:
    return Reading("failed", MaestroError(kind, message))


def _without_thoughts(text: str) -> str:
    """Drop a leading `<think>` block: a draft in it must not stand for the answer. Unclosed, nothing is left."""
    stripped = text.lstrip()
    return stripped.partition("</think>")[2] if stripped.startswith("<think>") else text


def _is_answer(candidate: _Candidate, audit_id: str) -> bool:
    """A repetition of our request carries the nonce too, but reviews nothing."""
    value = candidate.value
    reviewed = value.get("reviewed")
    return (
        value.get("audit_id") == audit_id
        and isinstance(reviewed, list)
        and all(isinstance(id_, str) for id_ in reviewed)
        and isinstance(value.get("findings"), list)
    )


def _missing(answer: _Candidate, chunk_ids: tuple[str, ...]) -> bool:
    reviewed = answer.value["reviewed"]
    return not isinstance(reviewed, list) or not set(chunk_ids) <= {str(id_) for id_ in reviewed}


def _validate(items: JsonValue) -> tuple[list[WireFinding], Counter[str]]:
    findings: list[WireFinding] = []
    rejected: Counter[str] = Counter()
    for item in items if isinstance(items, list) else []:
        try:
            findings.append(WireFinding.model_validate(item))
        except ValidationError:
            rejected["schema"] += 1
    return findings, rejected


def _unique(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    """A key that stands twice could say `findings: []` behind the findings."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice")
    return value


_JSON = json.JSONDecoder(object_pairs_hook=_unique)


def _candidates(text: str, audit_id: str) -> Iterator[_Candidate]:
    """The outermost JSON objects in the text, in order; the last may be a part of one that carries the nonce."""
    at, last = text.find("{"), text.rfind(audit_id)
    while 0 <= at < last:
        found = _whole(text, at) or _part(text, at)
        if found is not None and (found.whole or found.value.get("audit_id") == audit_id):
            yield found
            at = text.find("{", found.end)
        else:
            at = text.find("{", at + 1)


def _whole(text: str, at: int) -> _Candidate | None:
    decoded = _decode(text, at)
    return None if decoded is None or not isinstance(decoded[0], dict) else _Candidate(decoded[0], True, decoded[1])


def _part(text: str, at: int) -> _Candidate | None:
    """Read members one by one up to the cut; of `findings`, every element that is whole."""
    value: JsonObject = {}
    at = _blank(text, at + 1)
    while (key := _decode(text, at)) is not None and isinstance(key[0], str) and key[0] not in value:
        at = _blank(text, key[1])
        if text[at : at + 1] != ":":
            break
        at = _blank(text, at + 1)
        if (member := _decode(text, at)) is None:
            if key[0] == "findings" and text[at : at + 1] == "[":
                value["findings"], at = _elements(text, at + 1)
            break
        value[key[0]], at = member
        at = _blank(text, at)
        if text[at : at + 1] != ",":
            break
        at = _blank(text, at + 1)
    return _Candidate(value, False, at) if value else None


def _elements(text: str, at: int) -> tuple[list[JsonValue], int]:
    items: list[JsonValue] = []
    at = _blank(text, at)
    while text[at : at + 1] == "{" and (element := _decode(text, at)) is not None:
        items.append(element[0])
        at = _blank(text, element[1])
        if text[at : at + 1] != ",":
            break
        at = _blank(text, at + 1)
    return items, at


def _blank(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _decode(text: str, at: int) -> tuple[JsonValue, int] | None:
    try:
        value, end = _JSON.raw_decode(text, at)
    except ValueError:
        return None
    return value, end
