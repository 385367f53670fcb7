"""One request about several chunks: sent, read, and its claims dealt out to the chunks they are about."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from maestro.audit.asking.budget import Budget
from maestro.audit.asking.chunks import Chunk
from maestro.audit.asking.exchange import Generate, RawReply, StructuredRequest
from maestro.audit.asking.prompt import Prompt, compose
from maestro.audit.asking.reply import Reading, read_reply, unfinished
from maestro.audit.asking.review import Review, failed, joined, skipped
from maestro.audit.asking.wire import WireFinding
from maestro.audit.catalogue import Rule
from maestro.audit.code.symbols import Symbol
from maestro.audit.placing.anchor import Claim, find_anchor
from maestro.audit.source import AuditSource
from maestro.errors import MaestroError
from maestro_protocol.audit import Confidence
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Usage

_DEEPEST = 4
"""How often what a truncated answer left out is asked for again, in smaller parts."""
_LESS: Mapping[Confidence, Confidence] = {"high": "medium", "medium": "low", "low": "low"}


@dataclass(frozen=True, slots=True)
class Asking:
    """What all requests about one document have in common. `source` is the text as the model may see it."""

    source: AuditSource
    symbols: Sequence[Symbol]
    outline: Mapping[str, Sequence[str]]
    """What each chunk may know of the rest of the file, by its id."""
    intents: Mapping[str, Sequence[JsonObject]]
    """Why tools wrote what stands in a chunk, by its id."""
    twice: frozenset[str]
    """Ids of the chunks that two samples are taken of."""
    rules: Sequence[Rule]
    model: str
    max_tokens: int
    generate: Generate
    slots: asyncio.Semaphore
    budget: Budget
    usage: list[Usage] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    """How many characters each request had."""


async def review(asking: Asking, pack: Sequence[Chunk], depth: int = 0) -> dict[str, Review]:
    """Ask about the chunks; a review for each, by its id. What goes wrong is said in them, not raised."""
    if not any(chunk.id in asking.twice for chunk in pack):
        return await _sample(asking, pack, depth)
    first, second = await asyncio.gather(_sample(asking, pack, depth), _sample(asking, pack, depth))
    return {chunk.id: _agreed(first[chunk.id], second[chunk.id]) for chunk in pack}


async def _sample(asking: Asking, pack: Sequence[Chunk], depth: int) -> dict[str, Review]:
    started = monotonic()
    try:
        prompt, reply = await _send(asking, pack)
    except MaestroError as error:
        review_of = skipped if error.kind == "budgetExceeded" else failed
        return dict.fromkeys((chunk.id for chunk in pack), review_of(error))
    reading = read_reply(reply, prompt.audit_id, prompt.chunk_ids)
    tokens = reply.usage.total_tokens if reply.usage else None
    reviews = _deal(asking, pack, reading, reply, tokens, round((monotonic() - started) * 1000))
    if not (reading.cut or reading.reviewed) or len(pack) == 1 or depth == _DEEPEST:
        return reviews
    left = unfinished(reading, prompt.chunk_ids, lambda claim: _place(asking, pack, claim))
    for part in _halves([chunk for chunk in pack if chunk.id in left], len(pack)) if left else ():
        again = await review(asking, part, depth + 1)
        reviews |= {id_: joined(reviews[id_], then) for id_, then in again.items()}
    return reviews


async def _send(asking: Asking, pack: Sequence[Chunk]) -> tuple[Prompt, RawReply]:
    """The answer, and the last prompt composed, whose nonce it must carry."""
    prompts: list[Prompt] = []
    outline = sorted({line for chunk in pack for line in asking.outline.get(chunk.id, ())})
    intents = [intent for chunk in pack for intent in asking.intents.get(chunk.id, ())]

    def attempt() -> StructuredRequest:
        prompts.append(
            compose(
                asking.source,
                outline,
                pack,
                asking.rules,
                intents=intents,
                model=asking.model,
                max_tokens=asking.max_tokens,
            )
        )
        return prompts[-1].request

    code = sum(len(chunk.code) for chunk in pack)
    async with asking.slots:
        reserved = await asking.budget.take(code, asking.max_tokens)
        try:
            reply = await asking.generate(attempt)
        except (asyncio.CancelledError, MaestroError) as end:
            if prompts and (isinstance(end, asyncio.CancelledError) or end.kind == "streamInterrupted"):
                asking.budget.settle(reserved, None)  # it was sent
            else:
                asking.budget.release(reserved)
            raise
        asking.budget.settle(reserved, reply.usage, len(reply.text))
    asking.requests.append(len(prompts[-1].request.user))
    if reply.usage is not None:
        asking.usage.append(reply.usage)
    return prompts[-1], reply


def _deal(
    asking: Asking, pack: Sequence[Chunk], reading: Reading, reply: RawReply, tokens: int | None, milliseconds: int
) -> dict[str, Review]:
    """A review for each chunk of an answer. Claims that stand nowhere go to the chunk of the line they name."""
    if reading.status == "failed" and reading.error is not None and not (reading.findings or reading.reviewed):
        return dict.fromkeys((chunk.id for chunk in pack), failed(reading.error))
    claims: dict[str, list[WireFinding]] = {chunk.id: [] for chunk in pack}
    chunks = {chunk.id: chunk for chunk in pack}
    for claim in reading.findings:
        chunk = chunks[_place(asking, pack, claim) or pack[0].id]
        claims[chunk.id].append(_relative(claim, chunk))
    return {
        chunk.id: replace(
            _verdict(reading, reply, chunk.id),
            claims=tuple(claims[chunk.id]),
            rejected=reading.rejected if chunk is pack[0] else Counter(),
            tokens=tokens,
            milliseconds=milliseconds,
        )
        for chunk in pack
    }


def _verdict(reading: Reading, reply: RawReply, id_: str) -> Review:
    """Whether a chunk was reviewed whole: in an answer that leaves others out, those it names were."""
    named = reading.status == "failed" and id_ in reading.reviewed
    if (reading.status == "complete" or named) and not reply.partial:
        return Review("reviewed", reason=reply.notice)
    return Review("cut", error=reading.error, reason=reading.error.message if reading.error else reply.notice)


def _place(asking: Asking, pack: Sequence[Chunk], claim: WireFinding) -> str | None:
    """The id of the chunk a claim is about, by its quote or else by the line it names."""
    if len(pack) == 1:
        return pack[0].id
    whole = (pack[0].first_line, pack[-1].last_line)
    anchor = find_anchor(asking.source, asking.symbols, whole, Claim(claim.quote, claim.symbol, claim.hint))
    line = anchor.span.start_line if anchor else claim.hint
    return next((one.id for one in pack if line is not None and one.first_line <= line <= one.last_line), None)


def _relative(claim: WireFinding, chunk: Chunk) -> WireFinding:
    hint = claim.hint
    return claim if hint is None else claim.model_copy(update={"line": hint + 1 - chunk.first_line})


def _halves(left: Sequence[Chunk], asked: int) -> list[Sequence[Chunk]]:
    """What to ask about next: less than before in any case."""
    half = (len(left) + 1) // 2
    return [left[:half], left[half:]] if len(left) == asked else [left]


def _agreed(first: Review, second: Review) -> Review:
    """Two samples: all that either says, and less sure what only one does; the one there is where money for two is
    not."""
    for one, other in ((first, second), (second, first)):
        if other.status == "skipped":
            return one
    worse = first if first.status != "reviewed" else second
    both = {(claim.rule, claim.quote.strip()) for claim in first.claims} & {
        (claim.rule, claim.quote.strip()) for claim in second.claims
    }
    claims = [
        claim if (claim.rule, claim.quote.strip()) in both else _doubted(claim)
        for claim in (*first.claims, *(c for c in second.claims if (c.rule, c.quote.strip()) not in both))
    ]
    return replace(worse, claims=tuple(claims), rejected=first.rejected + second.rejected)


def _doubted(claim: WireFinding) -> WireFinding:
    return claim.model_copy(update={"confidence": _LESS[claim.confidence]})
