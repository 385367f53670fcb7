"""One audit of one document: chunks out, claims back, findings placed in the text."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from maestro.audit.asking import keys
from maestro.audit.asking.chunks import Chunk, cut, pack
from maestro.audit.asking.exchange import Generate, with_effort
from maestro.audit.asking.flights import Flight
from maestro.audit.asking.prompt import PROMPT_VERSION
from maestro.audit.asking.requests import Asking, review
from maestro.audit.asking.review import Review
from maestro.audit.catalogue import enabled
from maestro.audit.code.comments import blank_comments
from maestro.audit.code.normalise import normalise
from maestro.audit.code.skeleton import relevant, skeleton
from maestro.audit.code.symbols import find_symbols
from maestro.audit.code.units import Unit, find_units
from maestro.audit.findings import Collection, Context
from maestro.audit.judging.integrity import locate
from maestro.audit.limits import NOTHING_THERE
from maestro.audit.options import AuditOptions, IntentLines, Shared, asked_about
from maestro.audit.outcome import Outcome
from maestro.audit.secrets import mask
from maestro.audit.source import AuditSource, Span
from maestro.audit.usage import add_usage
from maestro_protocol.audit import AuditResult, AuditStatus, ChunkReport, ChunkStatus, Provenance
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Usage


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be known before anything is asked."""

    context: Context
    chunks: Sequence[Chunk]
    keys: Mapping[str, str]
    """By the ids of the chunks."""
    outline: Mapping[str, Sequence[str]]
    intents: Mapping[str, Sequence[JsonObject]]
    twice: frozenset[str]
    known: Mapping[str, Review]
    """What the cache says, by key."""


@dataclass(frozen=True, slots=True)
class _Spent:
    usage: Sequence[Usage] = ()
    requests: int = 0


async def audit(
    source: AuditSource, generate: Generate, options: AuditOptions, shared: Shared | None = None
) -> Outcome:
    """Review a document; `shared` is what it has in common with other audits.

    What goes wrong with a request makes the result `partial` or `failed`. Cancelling the task cancels the requests
    that no other audit waits for.

    Raises:
        MaestroError: -32602 for rules that do not exist, before anything is sent.
    """
    enabled(options.rules)
    shared = shared or Shared()
    question = asked_about(source, options)
    if not options.fresh and (known := shared.outcomes.get(question)) is not None:
        options.asked()
        return known.again(options.audit_id)
    # Reading and judging a large file takes long enough to be noticed on the event loop.
    plan = await asyncio.to_thread(_plan, source, options, shared)
    if not plan.chunks:
        options.asked()
        return await asyncio.to_thread(_nothing, plan.context, options)
    reviews, spent = await _reviews(plan, generate, options, shared)
    outcome = await asyncio.to_thread(_conclude, plan, reviews, spent, options)
    shared.outcomes.put(question, outcome)
    return outcome


def _plan(source: AuditSource, options: AuditOptions, shared: Shared) -> _Plan:
    rules = enabled(options.rules)
    masked = mask(source.plain, language=source.language)
    bare = replace(source, text=masked.text)
    seen = replace(source, text=blank_comments(bare))
    units = [Unit("", 0, len(seen.lines) - 1)] if options.by_tool else _units(seen, shared)
    chunks = cut(seen, units, len(seen.plain) if options.by_tool else options.chunk_chars, options.lines)
    lines = () if options.by_tool else skeleton(seen, units)
    answerer = f"{options.model}@{options.effort}" if options.effort else options.model
    question = keys.question(options.provider, answerer, source.language, list(rules.values()))
    codes = {chunk.id: normalise(seen, chunk.first_line, chunk.last_line) for chunk in chunks}
    # Of comments alone there is nothing to review.
    chunks = [chunk for chunk in chunks if codes[chunk.id]]
    outline, intents, found = {}, {}, {}
    for chunk in chunks:
        code = codes[chunk.id]
        outline[chunk.id] = relevant(lines, code)
        intents[chunk.id] = [written.as_data() for written in options.written if _overlap(written, chunk)]
        found[chunk.id] = keys.chunk_key(question, code, outline[chunk.id], intents[chunk.id])
    twice = [chunk.id for chunk in chunks if any(w.high_risk and _overlap(w, chunk) for w in options.written)]
    context = Context(
        source=source,
        seen=seen,
        masked=masked,
        symbols=find_symbols(seen),
        rules=rules,
        min_severity=options.min_severity,
        encoding=options.encoding,
        provenance=Provenance(
            provider=options.provider,
            model=options.model,
            prompt_version=PROMPT_VERSION,
            audit_id=options.audit_id,
        ),
        by_tool=options.by_tool,
        written=[(lines.first_line, lines.last_line, lines.intent) for lines in options.written],
    )
    known = {} if options.fresh else shared.cache.get(found.values())
    return _Plan(context, chunks, found, outline, intents, frozenset(twice), known)


def _overlap(written: IntentLines, chunk: Chunk) -> bool:
    return written.first_line <= chunk.last_line and chunk.first_line <= written.last_line


def _units(seen: AuditSource, shared: Shared) -> Sequence[Unit]:
    """The units; of a text that does not parse, as far as its last one that did tells."""
    found = find_units(seen, shared.last_good.get(seen.uri))
    if found.last_good is not None:
        shared.last_good.put(seen.uri, found.last_good)
    return found.units


async def _reviews(
    plan: _Plan, generate: Generate, options: AuditOptions, shared: Shared
) -> tuple[Mapping[str, Review], _Spent]:
    """A review for every key: remembered, under way for somebody else, or asked for now."""
    asking = Asking(
        plan.context.seen,
        plan.context.symbols,
        plan.outline,
        plan.intents,
        plan.twice,
        list(plan.context.rules.values()),
        options.model,
        options.max_tokens,
        with_effort(generate, options.effort),
        shared.slots,
        options.budget,
    )
    flights: list[Flight] = []
    missing: dict[str, Chunk] = {}
    for chunk in plan.chunks:
        key = plan.keys[chunk.id]
        if key in plan.known or key in missing:
            continue
        if (flight := shared.flights.of(key)) is not None:
            flights.append(flight)
        else:
            missing[key] = chunk
    for part in pack(missing.values(), options.chunk_chars):
        names = {chunk.id: plan.keys[chunk.id] for chunk in part}
        flights.append(shared.flights.launch([*names.values()], _by_key(asking, part, names, shared)))
    for flight in dict.fromkeys(flights):
        flight.task.add_done_callback(lambda _: options.told(sum(one.task.done() for one in flights), len(flights)))
    waiting = shared.flights.wait(flights)
    options.asked()
    arrived = await waiting
    return {**arrived, **plan.known}, _Spent(asking.usage, len(asking.requests))


async def _by_key(asking: Asking, part: Sequence[Chunk], names: Mapping[str, str], shared: Shared) -> dict[str, Review]:
    reviews = {names[id_]: found for id_, found in (await review(asking, part)).items()}
    await asyncio.to_thread(shared.cache.put, reviews)
    return reviews


def _nothing(context: Context, options: AuditOptions) -> Outcome:
    collection = Collection(context)
    collection.add_located(locate(context.source))
    placed = collection.ordered()
    report = ChunkReport(id="c1", uri=context.source.uri, status="skipped", reason=NOTHING_THERE)
    result = AuditResult(
        audit_id=options.audit_id,
        status="skipped",
        findings=[one.finding for one in placed],
        chunks=[report],
    )
    return Outcome(result, placed, [] if options.lines else [(0, len(context.source.lines) - 1)])


def _conclude(plan: _Plan, reviews: Mapping[str, Review], spent: _Spent, options: AuditOptions) -> Outcome:
    collection = Collection(plan.context)
    collection.add_located(locate(plan.context.source))
    of = {chunk.id: reviews[plan.keys[chunk.id]] for chunk in plan.chunks}
    counted: set[int] = set()
    for chunk in plan.chunks:
        found = of[chunk.id]
        collection.add(found.claims, chunk, found)
        if id(found) not in counted:
            counted.add(id(found))
            collection.rejected += found.rejected
    placed = collection.ordered()
    errors = [found.error for found in of.values() if found.error is not None]
    whole = [(chunk.first_line, chunk.last_line) for chunk in plan.chunks if of[chunk.id].status == "reviewed"]
    if options.by_tool and options.lines:
        whole = [*options.lines] if whole else []
        placed = [one for one in placed if _within(one.span, options.lines)]
    result = AuditResult(
        audit_id=options.audit_id,
        status=_status(of.values()),
        error=errors[0].info() if errors else None,
        findings=[one.finding for one in placed],
        unverified=collection.unverified,
        rejected={reason: count for reason, count in sorted(collection.rejected.items()) if count},
        chunks=_reports(plan.context.source.uri, plan.chunks, of),
        usage=add_usage(spent.usage),
        requests=spent.requests,
    )
    return Outcome(result, placed, whole)


def _within(span: Span, lines: Sequence[tuple[int, int]]) -> bool:
    return any(span.start_line <= last and first <= span.end_line for first, last in lines)


def _status(reviews: Iterable[Review]) -> AuditStatus:
    states = {found.status for found in reviews}
    if states == {"reviewed"}:
        return "complete"
    return "failed" if states <= {"failed", "skipped"} else "partial"


def _reports(uri: str, chunks: Sequence[Chunk], of: Mapping[str, Review]) -> list[ChunkReport]:
    """Neighbours with the same fate in one row."""
    reports: list[ChunkReport] = []
    for chunk in chunks:
        report = _report(uri, chunk, of[chunk.id])
        last = reports[-1] if reports else None
        if last and (last.status, last.cached, last.reason) == (report.status, report.cached, report.reason):
            reports[-1] = last.model_copy(update={"last_line": report.last_line, "pieces": last.pieces + 1})
        else:
            reports.append(report)
    return reports


def _report(uri: str, chunk: Chunk, found: Review) -> ChunkReport:
    status: ChunkStatus = "failed" if found.status == "cut" else found.status
    return ChunkReport(
        id=chunk.id,
        uri=uri,
        first_line=chunk.first_line,
        last_line=chunk.last_line,
        status=status,
        cached=found.cached,
        reason=found.reason,
    )
