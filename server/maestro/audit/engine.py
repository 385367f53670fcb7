"""One audit of one document: chunks out, claims back, findings anchored in the text."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from maestro.audit.catalogue import Rule, enabled
from maestro.audit.chunks import MAX_CHARS, Chunk, outline, split
from maestro.audit.exchange import Generate, RawReply, StructuredRequest
from maestro.audit.findings import Collection, Context
from maestro.audit.integrity import check_integrity
from maestro.audit.prompt import PROMPT_VERSION, Prompt, compose
from maestro.audit.reply import Reading, read_reply
from maestro.audit.secrets import mask
from maestro.audit.source import AuditSource
from maestro.audit.symbols import find_symbols
from maestro.audit.usage import add_usage
from maestro.errors import MaestroError
from maestro.positions import Encoding
from maestro_protocol.audit import AuditResult, AuditStatus, ChunkReport, Provenance, Severity

_NOTHING_THERE = "There is nothing to review."


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How to audit. `rules` are ids or categories, None for all; `encoding` is the unit of ranges in the result.

    `lines` limits the audit to the lines from the first to the last one named, zero-based.
    """

    provider: str
    model: str
    audit_id: str
    rules: Sequence[str] | None = None
    min_severity: Severity = "low"
    encoding: Encoding = "utf-16"
    lines: tuple[int, int] | None = None
    max_tokens: int = 16_384
    chunk_chars: int = MAX_CHARS
    concurrency: int = 3


@dataclass(frozen=True, slots=True)
class _Answer:
    reading: Reading
    reply: RawReply | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """What all requests of one audit share."""

    source: AuditSource
    skeleton: str
    rules: list[Rule]
    options: AuditOptions
    generate: Generate
    slots: asyncio.Semaphore


async def audit(source: AuditSource, generate: Generate, options: AuditOptions) -> AuditResult:
    """Review a document.

    What goes wrong with a request makes the result `partial` or `failed`; cancelling the task cancels the requests.

    Raises:
        MaestroError: -32602 for rules that do not exist, before anything is sent.
    """
    rules = enabled(options.rules)
    # Reading and judging a large file takes long enough to be noticed on the event loop.
    context = await asyncio.to_thread(_context, source, rules, options)
    seen = context.seen
    if not seen.plain.strip():
        report = ChunkReport(id="c1", status="skipped", reason=_NOTHING_THERE)
        return AuditResult(audit_id=options.audit_id, status="skipped", chunks=[report])
    chunks = split(seen, options.chunk_chars, options.lines)
    skeleton = outline(seen) if len(chunks) > 1 or options.lines else ""
    slots = asyncio.Semaphore(options.concurrency)
    run = _Run(seen, skeleton, list(rules.values()), options, generate, slots)
    answers = await _ask_all(run, chunks)
    return await asyncio.to_thread(_conclude, Collection(context), chunks, answers, options)


def _context(source: AuditSource, rules: dict[str, Rule], options: AuditOptions) -> Context:
    masked = mask(source.plain)
    seen = replace(source, text=masked.text)
    return Context(
        source=source,
        seen=seen,
        masked=masked,
        symbols=find_symbols(seen),
        rules=rules,
        min_severity=options.min_severity,
        encoding=options.encoding,
        provenance=Provenance(provider=options.provider, model=options.model, prompt_version=PROMPT_VERSION),
    )


async def _ask_all(run: _Run, chunks: Sequence[Chunk]) -> list[_Answer]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_ask(run, chunk)) for chunk in chunks]
    except BaseExceptionGroup as failures:
        # Only a fault of ours gets here; it speaks for the group.
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def _ask(run: _Run, chunk: Chunk) -> _Answer:
    """One chunk; the answer must carry the nonce of the attempt it belongs to."""
    prompts: list[Prompt] = []

    def attempt() -> StructuredRequest:
        options = run.options
        prompts.append(
            compose(run.source, run.skeleton, [chunk], run.rules, model=options.model, max_tokens=options.max_tokens)
        )
        return prompts[-1].request

    async with run.slots:
        try:
            reply = await run.generate(attempt)
        except MaestroError as error:
            return _Answer(Reading("failed", error))
    prompt = prompts[-1]
    reading = read_reply(reply, prompt.audit_id, prompt.chunk_ids)
    if reply.partial and reading.status == "complete":
        reading = replace(reading, status="partial")
    return _Answer(reading, reply)


def _conclude(
    collection: Collection, chunks: Sequence[Chunk], answers: Sequence[_Answer], options: AuditOptions
) -> AuditResult:
    collection.add(check_integrity(collection.context.seen), chunks[0])
    for chunk, answer in zip(chunks, answers, strict=True):
        collection.add(answer.reading.findings, chunk)
        collection.rejected += answer.reading.rejected
    findings = collection.ordered()
    errors = [answer.reading.error for answer in answers if answer.reading.error is not None]
    return AuditResult(
        audit_id=options.audit_id,
        status=_status([answer.reading for answer in answers]),
        error=errors[0].info() if errors else None,
        findings=findings,
        unverified=collection.unverified,
        rejected={reason: count for reason, count in sorted(collection.rejected.items()) if count},
        chunks=[_report(chunk, answer) for chunk, answer in zip(chunks, answers, strict=True)],
        usage=add_usage([answer.reply.usage for answer in answers if answer.reply and answer.reply.usage]),
    )


def _status(readings: Sequence[Reading]) -> AuditStatus:
    states = {reading.status for reading in readings}
    if states == {"complete"}:
        return "complete"
    return "failed" if states == {"failed"} else "partial"


def _report(chunk: Chunk, answer: _Answer) -> ChunkReport:
    if answer.reading.error is not None:
        return ChunkReport(id=chunk.id, status="failed", reason=answer.reading.error.message)
    return ChunkReport(id=chunk.id, status="reviewed", reason=answer.reply.notice if answer.reply else None)
