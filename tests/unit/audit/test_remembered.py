"""What is known, or being asked already, is not asked again; what is not whole is."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from maestro.audit.asking.cache import ReviewCache
from maestro.audit.asking.exchange import Compose, RawReply, StructuredRequest
from maestro.audit.engine import audit
from maestro.audit.options import Shared
from tests.unit.audit.model import OPTIONS, answer, ask, claim, python, raw

pytestmark = pytest.mark.asyncio

CODE = "def first(items):\n    return items[0]\n\n\ndef last(items):\n    return items[0]\n"
MOVED = f"# moved\n\n\n{CODE}"


def finds(request: StructuredRequest) -> RawReply:
    return raw(answer(request, claim("    return items[0]", symbol="last")))


async def test_a_review_outlives_the_process_and_holds_where_the_code_went(tmp_path: Path) -> None:
    sent: list[StructuredRequest] = []
    before = await ask(python(CODE), finds, OPTIONS, sent, Shared(ReviewCache(tmp_path / "audit.db")))
    after = await ask(python(MOVED), finds, OPTIONS, sent, Shared(ReviewCache(tmp_path / "audit.db")))
    assert (len(sent), after.status, after.requests, after.usage) == (1, "complete", 0, None)
    [one], [other] = before.findings, after.findings
    assert one.range is not None and other.range is not None
    assert (one.range.start.line, other.range.start.line) == (5, 8)
    assert (one.fingerprint, other.provenance.cached) == (other.fingerprint, True)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (lambda request: raw("sorry"), "failed"),
        (lambda request: raw("", filtered=True), "failed"),
        (lambda request: raw(answer(request, claim("    return items[0]")), truncated=True), "partial"),
        (lambda request: raw(answer(request, "no object")), "partial"),
    ],
)
async def test_what_is_not_whole_is_asked_about_again(tmp_path: Path, reply, status: str) -> None:
    shared = Shared(ReviewCache(tmp_path / "audit.db"))
    assert (await ask(python(CODE), reply, shared=shared)).status == status
    sent: list[StructuredRequest] = []
    result = await ask(python(CODE), finds, OPTIONS, sent, shared)
    assert (result.status, len(result.findings), len(sent)) == ("complete", 1, 1)


async def test_equal_chunks_are_one_question() -> None:
    twice = "def f(x):\n    return x\n\n\n"
    sent: list[StructuredRequest] = []
    result = await ask(python(twice * 2), lambda request: raw(answer(request)), OPTIONS, sent)
    assert (result.status, sent[0].user.count("return x"), len(sent)) == ("complete", 1, 1)


async def test_two_audits_at_once_ask_once() -> None:
    shared, sent, go = Shared(), [], asyncio.Event()

    async def generate(compose: Compose) -> RawReply:
        sent.append(compose())
        await go.wait()
        return finds(sent[-1])

    begun = [asyncio.Event(), asyncio.Event()]
    tasks = [
        asyncio.create_task(audit(python(text), generate, replace(OPTIONS, asked=one.set), shared))
        for text, one in zip((CODE, MOVED), begun, strict=True)
    ]
    await asyncio.gather(*(one.wait() for one in begun))
    go.set()
    results = [(await task).result for task in tasks]
    assert [(result.status, len(result.findings)) for result in results] == [("complete", 1)] * 2
    assert len(sent) == 1
