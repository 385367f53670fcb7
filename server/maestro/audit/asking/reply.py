"""From a model's text to claims: keeps what is whole, never repairs, and never takes a failure for a clean bill."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import JsonValue, ValidationError

from maestro.audit.asking.exchange import RawReply
from maestro.audit.asking.objects import Found, TooMany, find_objects
from maestro.audit.asking.wire import WireFinding
from maestro.audit.catalogue import BY_ID
from maestro.errors import MaestroError

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


_NOTHING_MORE = ("", "```", "~~~")
_THOUGHTS = re.compile(r"\s*<(think|thinking|thought|thoughts|reasoning)>", re.I)
_CLAIM = re.compile(r"""\\?["']quote\\?["']\s*:\s*\\?["']""")


@dataclass(frozen=True, slots=True)
class Reading:
    """`clean` code is `complete` without findings; `error` says what is wrong with the answer otherwise.

    A failed reading may hold findings too: what is proven to be about this request is worth showing.
    """

    status: Literal["complete", "partial", "failed"]
    error: MaestroError | None = None
    findings: list[WireFinding] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    reviewed: tuple[str, ...] = ()
    """The chunks the answer speaks for, in the order of the request; of a cut one see `unfinished`."""
    cut: bool = False
    """The answer ended before its end: asking again for the rest can help."""


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
        found = list(find_objects(text, audit_id))
        own = [candidate for candidate in found if _is_answer(candidate, audit_id)]
        claims = [_claims(answer) for answer in own]
    except (RecursionError, TooMany):
        # Nothing that was asked for is a thousand levels deep.
        return _failed("upstreamBadResponse", _UNPROVEN)
    if not own:
        reading = _failed("upstreamBadResponse", _CUT_EARLY if reply.truncated else _UNPROVEN)
        return replace(reading, cut=reply.truncated)
    # A later answer must not hide what an earlier one found.
    union = {key: claim for answer in claims for key, claim in answer.items()}
    cut = reply.truncated or not all(answer.whole for answer in own)
    if not union and not cut and _takes_back(text, own[-1]):
        return _failed("upstreamBadResponse", _CONTRADICTION)
    agreed = all(answer.keys() == union.keys() for answer in claims)
    return _speaking_for(_judge([*union.values()], cut=cut, agreed=agreed), own[-1], chunk_ids)


def unfinished(
    reading: Reading, chunk_ids: tuple[str, ...], chunk_of: Callable[[WireFinding], str | None]
) -> tuple[str, ...]:
    """The chunks to ask about again after this answer, in order.

    A model goes through the chunks in their order, so a cut answer is done with those before the one of its last
    finding. `chunk_of` says where a finding stands; where it does not know, or the order is another one, nothing is
    taken as done.
    """
    if not reading.cut:
        return tuple(id_ for id_ in chunk_ids if id_ not in reading.reviewed)
    places = [chunk_of(finding) for finding in reading.findings]
    known = [chunk_ids.index(id_) for id_ in places if id_ in chunk_ids]
    in_order = len(known) == len(places) and known == sorted(known)
    return chunk_ids[known[-1] :] if known and in_order else chunk_ids


def _claims(answer: Found) -> dict[str, JsonValue]:
    """What the answer claims, by its text, so that equal claims are one."""
    items = answer.value["findings"]
    return {json.dumps(item, sort_keys=True): item for item in items} if isinstance(items, list) else {}


def _takes_back(text: str, answer: Found) -> bool:
    """Whether a claim stands beside an answer without any, in whatever notation, or anything at all behind it."""
    return text[answer.end :].strip() not in _NOTHING_MORE or _CLAIM.search(text) is not None


def _speaking_for(reading: Reading, answer: Found, chunk_ids: tuple[str, ...]) -> Reading:
    """What was cut off speaks for nothing as a whole; a whole answer must speak for every chunk."""
    if reading.cut:
        return reading
    named = answer.value.get("reviewed")
    reviewed = tuple(id_ for id_ in chunk_ids if isinstance(named, list) and id_ in named)
    if len(reviewed) == len(chunk_ids):
        return replace(reading, reviewed=reviewed)
    error = MaestroError("upstreamBadResponse", _UNREVIEWED)
    return replace(reading, status="failed", error=error, reviewed=reviewed)


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
    return Reading("partial", MaestroError("upstreamBadResponse", problem), findings, rejected, cut=cut)


def _failed(kind: str, message: str) -> Reading:
    return Reading("failed", MaestroError(kind, message))


def _without_thoughts(text: str) -> str:
    """Drop a leading `<think>` block: a draft in it must not stand for the answer. Unclosed, nothing is left."""
    opened = _THOUGHTS.match(text)
    if opened is None:
        return text
    closed = re.compile(rf"</{opened[1]}>", re.I).search(text, opened.end())
    return text[closed.end() :] if closed else ""


def _is_answer(candidate: Found, audit_id: str) -> bool:
    """A repetition of our request carries the nonce too, but has no findings.

    Without its end an answer may lack `reviewed`: not every model keeps to the order of the schema.
    """
    value = candidate.value
    reviewed = value.get("reviewed", None if candidate.whole else [])
    return (
        value.get("audit_id") == audit_id
        and isinstance(reviewed, list)
        and all(isinstance(id_, str) for id_ in reviewed)
        and isinstance(value.get("findings"), list)
    )


def _validate(items: JsonValue) -> tuple[list[WireFinding], Counter[str]]:
    findings: list[WireFinding] = []
    rejected: Counter[str] = Counter()
    for item in items if isinstance(items, list) else []:
        try:
            findings.append(WireFinding.model_validate(item))
        except ValidationError:
            rejected["schema"] += 1
    return findings, rejected
