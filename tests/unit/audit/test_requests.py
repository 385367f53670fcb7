"""A request about several chunks: cut answers are asked on, high risks asked twice."""

import json
from dataclasses import replace

import pytest

from maestro.audit.asking.budget import Budget
from maestro.audit.asking.exchange import RawReply, StructuredRequest
from maestro.audit.options import IntentLines
from maestro_protocol.audit import FindingIntent
from tests.unit.audit.model import OPTIONS, answer, ask, claim, data_of, python, raw

pytestmark = pytest.mark.asyncio
CODE = "".join(f"def f{n}(a):\n    return a[{n}]\n\n\n" for n in range(8))
INTENT = FindingIntent(intent_id="int_1", tool="apply_edit", purpose="refactor", risk_level="high")
RISKY = IntentLines(0, 1, INTENT)


def symbols(request: StructuredRequest) -> list[str]:
    chunks = data_of(request)["chunks"]
    assert isinstance(chunks, list)
    return [str(chunk["symbol"]) for chunk in chunks if isinstance(chunk, dict)]


def about(request: StructuredRequest) -> str:
    return answer(request, *(claim(f"    return a[{name[1:]}]", symbol=name) for name in symbols(request)))


async def test_only_the_rest_of_a_cut_answer_is_asked_for_again() -> None:
    sent: list[StructuredRequest] = []

    def say(request: StructuredRequest) -> RawReply:
        text = about(request)
        if len(sent) > 1:
            return raw(text)
        body = json.loads(text)
        after_third = text.index(json.dumps(body["findings"][2])) + len(json.dumps(body["findings"][2]))
        return raw(text[: after_third + 4], truncated=True)

    result = await ask(python(CODE), say, sent=sent)
    asked = [name for request in sent[1:] for name in symbols(request)]
    assert (result.status, len(result.findings)) == ("partial", 8)
    assert 0 < len(asked) < 8
    assert len(asked) == len(set(asked))
    assert not {"f0", "f1"} & set(asked), "they were whole"


async def test_what_an_answer_does_not_name_is_asked_for_again_and_nothing_else() -> None:
    sent: list[StructuredRequest] = []

    def say(request: StructuredRequest) -> RawReply:
        body = json.loads(about(request))
        if len(sent) == 1:
            body["reviewed"] = body["reviewed"][:-2]
            body["findings"] = body["findings"][:-2]
        return raw(json.dumps(body))

    result = await ask(python(CODE), say, sent=sent)
    assert [symbols(request) for request in sent[1:]] == [["f6", "f7"]]
    assert (result.status, len(result.findings)) == ("complete", 8)


async def test_a_chunk_that_no_answer_names_is_never_clean() -> None:
    def say(request: StructuredRequest) -> RawReply:
        body = json.loads(answer(request))
        return raw(json.dumps({**body, "reviewed": [id_ for id_ in body["reviewed"] if id_ != "c8"]}))

    result = await ask(python(CODE), say)
    assert (result.status, result.findings) == ("partial", [])
    assert [(chunk.id, chunk.pieces, chunk.status) for chunk in result.chunks] == [
        ("c1", 7, "reviewed"),
        ("c8", 1, "failed"),
    ]


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
async def test_it_ends_even_if_every_answer_is_cut(kept: float) -> None:
    sent: list[StructuredRequest] = []

    def say(request: StructuredRequest) -> RawReply:
        text = about(request)
        return raw(text[: int(len(text) * kept)], truncated=True)

    result = await ask(python(CODE), say, sent=sent)
    assert result.status in ("partial", "failed")
    assert result.error is not None
    assert len(sent) <= 31
    assert {chunk.status for chunk in result.chunks} != {"reviewed"}


async def test_a_high_risk_is_asked_about_twice_and_what_one_sample_says_is_less_sure() -> None:
    sent: list[StructuredRequest] = []
    both, one = claim("    return a[0]"), claim("def f0(a):", rule="off-by-one", title="One too far")

    def say(request: StructuredRequest) -> RawReply:
        return raw(answer(request, both, *([one] if len(sent) == 1 else [])))

    options = replace(OPTIONS, written=[RISKY], lines=[(0, 1)])
    result = await ask(python(CODE), say, options, sent)
    assert len(sent) == 2
    assert data_of(sent[0])["intents"] == [RISKY.as_data()]
    assert {finding.rule: finding.confidence for finding in result.findings} == {
        "wrong-logic": "high", "off-by-one": "medium"
    }  # fmt: skip


async def test_one_lost_sample_of_two_makes_it_incomplete() -> None:
    sent: list[StructuredRequest] = []

    def say(request: StructuredRequest) -> RawReply:
        return raw(answer(request) if len(sent) == 1 else "sorry")

    result = await ask(python(CODE), say, replace(OPTIONS, written=[RISKY], lines=[(0, 1)]), sent)
    assert (len(sent), result.status) == (2, "failed")


async def test_where_two_samples_are_too_much_there_is_one() -> None:
    sent: list[StructuredRequest] = []
    options = replace(OPTIONS, written=[RISKY], lines=[(0, 1)], budget=Budget(max_tokens=2_020))
    result = await ask(python(CODE), lambda request: raw(answer(request)), options, sent)
    assert (len(sent), result.status) == (1, "complete")


async def test_a_low_risk_is_asked_about_once() -> None:
    sent: list[StructuredRequest] = []
    options = replace(OPTIONS, written=[IntentLines(0, 1, INTENT.model_copy(update={"risk_level": "low"}))])
    await ask(python(CODE), lambda request: raw(answer(request)), options, sent)
    assert len(sent) == 1


async def test_what_the_budget_does_not_allow_is_skipped_and_said() -> None:
    sent: list[StructuredRequest] = []
    options = replace(OPTIONS, budget=Budget(max_tokens=1))
    result = await ask(python(CODE), lambda request: raw(answer(request)), options, sent)
    assert (sent, result.status) == ([], "failed")
    assert result.error is not None
    assert result.error.data.kind == "budgetExceeded"
    assert {chunk.status for chunk in result.chunks} == {"skipped"}


async def test_a_claim_that_stands_nowhere_is_listed_once() -> None:
    result = await ask(python(CODE), lambda request: raw(answer(request, claim("nothing_like(that)", line=999))))
    assert (len(result.findings), len(result.unverified), result.status) == (0, 1, "complete")
