"""Budgets are asked before anything is sent or kept, by chats, completions, compactions and audits alike."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from maestro.app import Services
from maestro.chats.turns import NewTurn
from maestro.errors import MaestroError
from maestro.services.spending import today
from maestro.services.taken import Taken, dollars
from maestro_protocol.audit import AuditRunParams, AuditTarget
from maestro_protocol.chat import ChatCompleteParams, ChatMessage, ChatParams, ChatSendParams, ChatSendResult
from maestro_protocol.conversations import (
    ChatCompactParams,
    ChatCreateParams,
    ChatListParams,
)
from maestro_protocol.usage import UsageBy, UsageRow, UsageSummaryParams
from tests.simulators.replies import Script, Tokens, ToolCall
from tests.unit.services.product import product
from tests.unit.services.sink import Sink

pytestmark = pytest.mark.asyncio

MODEL = "openai/gpt-5.5"
"""Five dollars a million in, thirty out."""
LONG = "word " * 20_000
"""About ten cents."""
CHEAP = Script(text="Yes.", tokens=Tokens(input=1_000, output=100))
"""0.008 dollars."""
DEAR = Script(text="Yes.", tokens=Tokens(input=100_000, output=10_000))
"""0.80 dollars."""
ALWAYS = {"audit": {"consent": "always"}}


async def send(
    services: Services, text: str, chat: str | None = None, model: str = MODEL, sink: Sink | None = None
) -> ChatSendResult:
    return await services.chats.send(ChatSendParams(input=text, chat_id=chat, model=model), sink, 0)


async def refused(services: Services, text: str = LONG, chat: str | None = None) -> str:
    with pytest.raises(MaestroError) as caught:
        await send(services, text, chat)
    assert caught.value.code == 4208
    return caught.value.message


async def rows(services: Services, by: UsageBy = "turn", chat: str | None = None) -> Sequence[UsageRow]:
    return (await services.usage.summary(UsageSummaryParams(by=by, chat_id=chat))).rows


@pytest.mark.parametrize("scope", ["turn", "chat", "day"])
async def test_what_does_not_fit_is_refused_before_anything_is_sent_or_kept(tmp_path: Path, scope: str) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {scope: 0.05}}) as (services, [openai]):
        message = await refused(services)
        assert f"$0.05 a {scope} may cost" in message
        assert f"`budgets.{scope}`" in message
        assert message.count(". ") == 0, "one sentence"
        assert openai.prompts == []
        assert (await services.history.list(ChatListParams())).chats == []
        assert await rows(services) == []
        openai.say(CHEAP)
        assert (await send(services, "Short.")).stop_reason == "endTurn"


async def test_what_a_chat_has_spent_counts_for_it_and_for_no_other(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"chat": 0.5}}) as (services, [openai]):
        openai.say(DEAR, CHEAP)
        chat = (await send(services, "One.")).chat_id
        message = await refused(services, "Two.", chat)
        assert "$0.80 are spent" in message
        kept = await services.stores.read(chat)
        assert (kept.state, kept.cost.amount if kept.cost else None) == ("idle", "0.8")
        assert (await send(services, "Elsewhere.")).stop_reason == "endTurn"


async def test_a_turn_ends_before_the_request_that_would_be_too_much(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"turn": 0.5}}) as (services, [openai]):
        openai.say(Script(text="Look.", tool_calls=(ToolCall("list_files"),), tokens=DEAR.tokens), CHEAP)
        sink = Sink()
        result = await send(services, "Go.", sink=sink)
        assert (result.stop_reason, result.limit) == ("limit", "cost")
        assert len(openai.prompts) == 1
        assert len(sink.notices) == 1
        assert "$0.50 a turn" in sink.notices[0]
        assert Decimal(result.cost.amount if result.cost else 0) == Decimal("0.8")


async def test_two_at_once_do_not_both_slip_through(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"day": 0.15}}) as (services, [openai]):
        openai.play("drip")
        sink = Sink()
        first = asyncio.create_task(send(services, LONG, sink=sink))
        await sink.begun.wait()
        assert "a day may cost" in await refused(services)
        first.cancel()
        assert (await first).usage.estimated
        openai.play()
        openai.say(CHEAP)
        assert "$0.11 are spent" in await refused(services), "it was sent"
        assert (await send(services, "Short.")).stop_reason == "endTurn"


async def test_what_was_sent_is_never_counted_as_nothing(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"day": 0.25}}) as (services, [openai]):
        openai.play("cut")
        with pytest.raises(MaestroError):
            await send(services, LONG)
        [row] = await rows(services)
        assert row.cost is not None
        assert Decimal("0.1") < Decimal(row.cost.amount) < Decimal("0.12")
        openai.play("late=30")
        under_way = asyncio.create_task(send(services, LONG))
        await openai.server.until(lambda: len(openai.requests) == 2)
        under_way.cancel()
        await under_way
        assert "$0.22 are spent" in await refused(services)


async def test_what_was_refused_costs_nothing(tmp_path: Path) -> None:
    settings = {"budgets": {"day": 0.25}, "retry": {"rateLimited": 0}}
    async with product(tmp_path, "openai", settings=settings) as (services, [openai]):
        openai.play("429=20")
        with pytest.raises(MaestroError):
            await send(services, LONG)
        [row] = await rows(services)
        assert row.usage.total_tokens == 0
        assert await services.spending.of_today() == 0


async def test_an_audit_that_is_cancelled_has_cost_what_it_sent(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings=ALWAYS) as (services, [openai]):
        openai.play("late=30")
        under_way = asyncio.create_task(services.audit.run(_file(tmp_path)))
        await openai.server.until(lambda: bool(openai.requests))
        under_way.cancel()
        await asyncio.gather(under_way, return_exceptions=True)
        [row] = await rows(services)
        assert row.cost is not None
        assert Decimal(row.cost.amount) > 0


async def test_many_at_once_keep_within_the_day(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"day": 0.35}}) as (services, [openai]):
        openai.service.scripts.always = CHEAP
        ended = await asyncio.gather(*(send(services, LONG) for _ in range(8)), return_exceptions=True)
        refusals = [one for one in ended if isinstance(one, MaestroError)]
        assert len(openai.prompts) == 8 - len(refusals)
        assert {one.code for one in refusals} == {4208}


async def test_answers_under_way_are_held_with_what_they_may_cost(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"day": 0.65}}) as (services, [openai]):
        openai.service.scripts.always = Script(text="Yes.", tokens=Tokens(input=1_000, output=10_000))
        asked = ChatMessage(role="user", content="Hello")
        params = ChatCompleteParams(messages=[asked], model=MODEL, params=ChatParams(max_tokens=10_000))
        asking = (services.completions.complete(params, None, 0) for _ in range(12))
        ended = await asyncio.gather(*asking, return_exceptions=True)
        refusals = [one for one in ended if isinstance(one, MaestroError)]
        assert len(openai.prompts) == 2
        assert len(refusals) == 10
        assert "held for requests under way" in refusals[0].message
        assert await services.spending.of_today() <= Decimal("0.65")


async def test_a_first_request_may_have_any_answer_but_the_next_knows_how_long_they_are(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"day": 0.02}}) as (services, [openai]):
        openai.say(CHEAP)
        asked = ChatMessage(role="user", content="Hello")
        params = ChatCompleteParams(messages=[asked], model=MODEL, params=ChatParams(max_tokens=100_000))
        assert (await services.completions.complete(params, None, 0)).stop_reason == "endTurn"
        assert services.spending.allowance(_row(), lambda: None).output == 100
        assert services.spending.allowance(_row(), lambda: None, 7).output == 7


def _row() -> NewTurn:
    return NewTurn("turn_x", None, "openai", MODEL, None, None, today())


async def test_an_audit_goes_beyond_the_day_by_one_request_at_most(tmp_path: Path) -> None:
    settings = {"audit": {"consent": "always", "concurrency": 1}, "budgets": {"day": 0.1}}
    async with product(tmp_path, "openai", settings=settings) as (services, [openai]):
        openai.service.scripts.always = Script(tokens=Tokens(input=1_000, output=2_500))
        for number in range(6):
            (tmp_path / f"file{number}.py").write_text(f"def f{number}(x):\n    return x == {number}\n")
        targets = AuditTarget(uris=[(tmp_path / f"file{number}.py").as_uri() for number in range(6)])
        result = await services.audit.run(AuditRunParams(target=targets, model=MODEL))
        assert len(openai.requests) == 1
        assert await services.spending.of_today() == Decimal("0.08")
        statuses = [chunk.status for chunk in result.chunks]
        assert statuses.count("skipped") == 5
        reasons = {chunk.reason for chunk in result.chunks if chunk.status == "skipped"}
        assert all("$0.08 are spent, and" in (reason or "") for reason in reasons)


async def test_a_chat_in_memory_counts_for_the_day(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"day": 0.85}}) as (services, [openai]):
        chat = (await services.history.create(ChatCreateParams(ephemeral=True))).id
        openai.say(DEAR)
        await send(services, "One.", chat)
        assert "$0.80 are spent" in await refused(services, LONG, chat)
        assert "$0.80 are spent" in await refused(services)
        [row] = await rows(services)
        assert row.cost is not None
        assert row.cost.amount == "0.8"
        assert [one.key for one in await rows(services, "chat")] == ["none"]
        assert [one.key for one in await rows(services, "chat", chat)] == [chat]


async def test_an_unknown_price_is_told_once_in_a_turn(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"day": 0.05}}) as (services, [openai]):
        openai.say(Script(tool_calls=(ToolCall("list_files"),)), DEAR, CHEAP)
        sink, again = Sink(), Sink()
        result = await send(services, LONG, model="openai/gpt-of-the-house", sink=sink)
        assert result.cost is None
        assert len(openai.prompts) == 2
        assert sink.notices == [
            "The price of openai/gpt-of-the-house is not known, so the budgets do not count what it costs."
        ]
        await send(services, "Again.", result.chat_id, "openai/gpt-of-the-house", again)
        assert len(again.notices) == 1


async def test_without_budgets_nobody_is_told_of_unknown_prices(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        sink = Sink()
        await send(services, "Hello.", model="openai/gpt-of-the-house", sink=sink)
        assert sink.notices == []


async def test_what_costs_nothing_is_always_allowed(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"day": 0.5}}) as (services, [openai]):
        openai.say(DEAR)
        await send(services, "One.")
        assert (await send(services, LONG, model="offline/assistant")).stop_reason == "endTurn"


async def test_a_completion_asks_too(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"day": 0.05}}) as (services, [openai]):
        long = ChatCompleteParams(messages=[ChatMessage(role="user", content=LONG)], model=MODEL)
        with pytest.raises(MaestroError) as caught:
            await services.completions.complete(long, None, 0)
        assert caught.value.code == 4208
        assert openai.prompts == []
        openai.say(CHEAP)
        short = ChatCompleteParams(messages=[ChatMessage(role="user", content="Hello")], model=MODEL)
        await services.completions.complete(short, None, 0)
        [row] = await rows(services)
        assert row.cost is not None
        assert row.cost.amount == "0.008"


async def test_the_next_model_of_a_route_has_to_fit_too(tmp_path: Path) -> None:
    routes = {"cheap": ["anthropic/claude-sonnet-5-5", MODEL]}
    settings = {"budgets": {"turn": 0.06}, "routes": routes, "retry": {"baseDelayMs": 1}}
    async with product(tmp_path, "openai", "anthropic", settings=settings) as (services, [openai, anthropic]):
        anthropic.play("429=20")
        sink = Sink()
        result = await send(services, LONG, model="cheap", sink=sink)
        assert (result.stop_reason, result.limit) == ("limit", "cost")
        assert openai.prompts == []
        assert "$0.06 a turn" in sink.notices[-1]


async def test_an_audit_of_a_route_is_a_turn_of_each_model_that_answered(tmp_path: Path) -> None:
    settings = {**ALWAYS, "budgets": {"day": 1}, "routes": {"cheap": [MODEL, "anthropic/claude-sonnet-5-5"]}}
    async with product(tmp_path, "openai", "anthropic", settings=settings) as (services, [openai, _]):
        openai.play("429=20")
        params = _file(tmp_path).model_copy(update={"model": "cheap"})
        result = await services.audit.run(params)
        told = {row.key: row.requests for row in await rows(services) if row.requests}
        assert told == {f"{result.audit_id}.1": result.requests}
        spent = {row.key: Decimal(row.cost.amount) for row in await rows(services, "model") if row.cost}
        assert await services.spending.of_today() == spent["anthropic/claude-sonnet-5-5"] > 0


async def test_a_compaction_asks_and_counts_for_its_chat(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, [openai]):
        openai.service.scripts.always = CHEAP
        chat = (await send(services, LONG)).chat_id
        await send(services, "And?", chat)
        budgets = services.runtime.settings.budgets
        services.runtime.settings = services.runtime.settings.model_copy(
            update={"budgets": budgets.model_copy(update={"chat": 0.02})}
        )
        before = len(openai.prompts)
        with pytest.raises(MaestroError) as caught:
            await services.compaction.compact(ChatCompactParams(chat_id=chat, keep_turns=1))
        assert caught.value.code == 4208
        assert len(openai.prompts) == before
        services.runtime.settings = services.runtime.settings.model_copy(update={"budgets": budgets})
        result = await services.compaction.compact(ChatCompactParams(chat_id=chat, keep_turns=1))
        assert result.chat.cost is not None
        assert result.chat.cost.amount == "0.024"
        [row] = await rows(services, "chat")
        assert row.cost is not None
        assert (row.key, row.turns, row.cost.amount) == (chat, 3, "0.024")
        assert row.usage == result.chat.usage


def _file(home: Path) -> AuditRunParams:
    path = home / "app.py"
    path.write_text("def f(x):\n    return x == None\n")
    return AuditRunParams(target=AuditTarget(uri=path.as_uri()), model=MODEL)


async def test_an_audit_is_one_turn_without_a_chat(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings=ALWAYS) as (services, [openai]):
        result = await services.audit.run(_file(tmp_path))
        [row] = await rows(services)
        assert (row.key, row.turns, row.requests) == (result.audit_id, 1, result.requests)
        assert result.usage is not None
        assert row.usage.total_tokens == result.usage.total_tokens > 0
        assert row.cost is not None
        assert [one.key for one in await rows(services, "model")] == [MODEL]
        again = await services.audit.run(_file(tmp_path))
        assert again.requests == 0
        assert len(await rows(services)) == 1, "what is remembered costs nothing"
        assert len(openai.requests) == 1


async def test_an_audit_has_to_fit_the_day(tmp_path: Path) -> None:
    settings = {**ALWAYS, "budgets": {"day": 0.001}}
    async with product(tmp_path, "openai", settings=settings) as (services, [openai]):
        with pytest.raises(MaestroError) as caught:
            await services.audit.run(_file(tmp_path))
        assert caught.value.code == 4208
        assert openai.requests == []
        assert services.audit.runs.list() == []


async def test_an_audit_that_runs_out_of_the_day_leaves_the_rest(tmp_path: Path) -> None:
    settings = {**ALWAYS, "budgets": {"day": 0.82}}
    async with product(tmp_path, "openai", settings=settings) as (services, [openai]):
        openai.say(DEAR)
        await send(services, "One.")
        before = len(openai.requests)
        body = "".join(f"def f{number}(x):\n    return x == {number}\n\n\n" for number in range(2_000))
        (tmp_path / "long.py").write_text(body)
        params = AuditRunParams(target=AuditTarget(uri=(tmp_path / "long.py").as_uri()), model=MODEL)
        result = await services.audit.run(params)
        assert result.status != "complete"
        skipped = [chunk for chunk in result.chunks if chunk.status == "skipped"]
        assert skipped
        assert "a day may cost" in (skipped[0].reason or "")
        assert result.error is not None
        assert result.error.code == 4208
        total = await services.spending.of_today()
        told = sum(Decimal(row.cost.amount) for row in await rows(services) if row.cost)
        assert total == told, "nothing is held any more"
        assert len(openai.requests) - before == result.requests


async def test_everything_adds_up_whatever_it_is_summed_by(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", "anthropic", settings=ALWAYS) as (services, [openai, _]):
        openai.say(CHEAP, DEAR)
        chat = (await send(services, "One.")).chat_id
        await send(services, "Two.", chat)
        await send(services, "Three.", model="anthropic/claude-sonnet-5-5")
        await services.audit.run(_file(tmp_path))
        totals = []
        ways: Sequence[UsageBy] = ("session", "model", "day", "provider", "chat", "turn")
        for by in ways:
            summary = await services.usage.summary(UsageSummaryParams(by=by))
            totals.append(summary.total)
            assert summary.total.key == "total"
            assert summary.total.cost is not None
            assert Decimal(summary.total.cost.amount) == sum(
                Decimal(row.cost.amount) for row in summary.rows if row.cost
            )
            assert summary.total.usage.total_tokens == sum(row.usage.total_tokens for row in summary.rows)
            assert summary.total.turns == sum(row.turns for row in summary.rows) == 4
        assert all(total == totals[0] for total in totals)
        [first, *_] = await rows(services, "chat")
        kept = await services.stores.read(chat)
        assert kept.cost is not None
        assert first.cost is not None
        assert (first.key, first.label, first.usage) == (chat, "One.", kept.usage)
        assert Decimal(first.cost.amount) == Decimal(kept.cost.amount)
        assert {row.label for row in await rows(services, "session")} == {"my-openai", "my-anthropic"}
        await services.history.delete(chat)
        assert (await services.usage.summary(UsageSummaryParams(by="chat"))).total == totals[0], "it was spent"


async def test_the_budgets_and_what_is_spent_of_them_are_told(tmp_path: Path) -> None:
    settings = {"budgets": {"turn": 1, "chat": 2.5, "day": 0.9}}
    async with product(tmp_path, "openai", settings=settings) as (services, [openai]):
        assert services.status.current().state == "normal"
        openai.say(DEAR, DEAR)
        chat = (await send(services, "One.")).chat_id
        summary = await services.usage.summary(UsageSummaryParams(by="chat", chat_id=chat))
        told = [(one.scope, one.limit, one.spent) for one in summary.budgets]
        assert told == [("turn", "1", None), ("chat", "2.5", "0.8"), ("day", "0.9", "0.8")]
        await services.spending.look()
        status = services.status.current()
        assert (status.state, status.message) == ("warning", "$0.80 of the day's budget of $0.90 are spent.")
        await send(services, "Two.", chat)
        await services.spending.look()
        assert "midnight UTC" in services.status.current().message


async def test_yesterday_is_over(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", settings={"budgets": {"day": 0.5}}) as (services, [openai]):
        openai.say(DEAR, CHEAP)
        await send(services, "One.")
        await refused(services, "Two.")
        yesterday = today().replace(year=today().year - 1).isoformat(timespec="microseconds")
        await services.stores.disk.run(
            lambda connection: connection.execute("UPDATE turns SET started_at = ?", [yesterday])
        )
        assert (await send(services, "Three.")).stop_reason == "endTurn"


async def test_an_amount_is_told_so_that_it_says_something() -> None:
    amounts = {"0": "$0.00", "0.0042": "$0.0042", "0.05": "$0.05", "1234.5": "$1,234.50", "0.000000123": "$0.00000012"}
    assert {amount: dollars(Decimal(amount)) for amount in amounts} == amounts


async def test_a_budget_may_be_used_up_to_its_end() -> None:
    Taken("day", Decimal(1), Decimal("0.75")).require(Decimal("0.25"))
    Taken("day", Decimal(0), Decimal("0.75")).require(Decimal("100"))
    with pytest.raises(MaestroError):
        Taken("day", Decimal(1), Decimal("0.75")).require(Decimal("0.250001"))
