"""Where a price comes from: the service, this machine, public lists, or nobody."""

import asyncio
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestro.app import Services
from maestro.costs import FREE
from maestro.errors import MaestroError
from maestro.services.models import Target
from maestro.services.models.price_lists import PriceLists
from maestro_protocol.chat import ChatCompleteParams, ChatMessage, ChatSendParams, Usage
from maestro_protocol.models import ModelListParams
from maestro_protocol.settings import BudgetSettings
from maestro_protocol.usage import UsageSummaryParams
from tests.unit.services.product import product
from tests.unit.services.sink import Sink

HELLO = [ChatMessage(role="user", content="Hello")]
SOLD = [
    ("openai", "openai", "gpt-5.5"),
    ("openai", "openai", "gpt-4o"),
    ("anthropic", "anthropic", "claude-sonnet-4-5"),
    ("gemini", "google", "gemini-2.5-pro"),
    ("xai", "x-ai", "grok-4"),
]


@pytest.fixture(scope="module")
def lists() -> PriceLists:
    found = PriceLists()
    asyncio.run(found.ready())
    return found


@pytest.mark.parametrize(("ours", "theirs", "model"), SOLD)
@given(
    fresh=st.integers(0, 400_000),
    read=st.integers(0, 400_000),
    write=st.integers(0, 400_000),
    out=st.integers(0, 100_000),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_costs_are_what_the_lists_themselves_compute(
    lists: PriceLists, ours: str, theirs: str, model: str, fresh: int, read: int, write: int, out: int
) -> None:
    entry = lists.find(ours, "", model)
    assert entry is not None
    assert entry.prices is not None
    usage = Usage(input_tokens=fresh, cache_read_tokens=read, cache_write_tokens=write, output_tokens=out)
    wanted = calc_price(
        TheirUsage(
            input_tokens=fresh + read + write, cache_read_tokens=read, cache_write_tokens=write, output_tokens=out
        ),
        model,
        provider_id=theirs,
    )
    assert entry.prices.of(usage) == wanted.total_price


def test_what_nobody_lists_has_no_price(lists: PriceLists) -> None:
    assert lists.find("openai", "https://api.openai.com/v1", "gpt-of-the-house") is None
    assert lists.find("github", "https://models.github.ai", "gpt-4o") is None
    assert lists.find(None, "http://127.0.0.1:4000/v1", "gpt-4o") is None


def test_a_service_is_known_by_its_address_too(lists: PriceLists) -> None:
    by_address = lists.find(None, "https://api.groq.com/openai/v1", "llama-3.3-70b-versatile")
    assert by_address is not None
    assert by_address == lists.find("groq", "http://127.0.0.1:1", "llama-3.3-70b-versatile")


def test_batches_have_prices_of_their_own(lists: PriceLists) -> None:
    single, batched = (lists.find("gemini", "", "gemini-2.5-pro", batched=way) for way in (False, True))
    assert single is not None
    assert batched is not None
    assert single.prices is not None
    assert batched.prices is not None
    assert batched.prices.input * 2 == single.prices.input


def test_the_day_of_the_lists_is_told(lists: PriceLists) -> None:
    assert date(2026, 10, 1) <= date.fromisoformat(lists.as_of or "") <= date.today()


def test_nothing_is_known_before_the_lists_are_read() -> None:
    lists = PriceLists()
    assert lists.find("openai", "", "gpt-4o") is None
    assert lists.as_of is None


async def _cost(services: Services, model: str) -> str | None:
    result = await services.completions.complete(ChatCompleteParams(messages=HELLO, model=model), None, 0)
    return result.cost.amount if result.cost else None


@pytest.mark.asyncio
async def test_a_turn_is_priced_by_the_lists_and_says_of_which_day(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        params = ChatCompleteParams(messages=HELLO, model="openai/gpt-5.5")
        first = await services.completions.complete(params, None, 0)
        assert first.cost is not None
        usage = first.usage
        wanted = Decimal(5 * usage.input_tokens + 30 * usage.output_tokens) + Decimal("0.5") * usage.cache_read_tokens
        assert Decimal(first.cost.amount) * 1_000_000 == wanted
        assert first.cost.as_of == services.models.prices.lists.as_of
        assert first.cost.estimated
        assert await _cost(services, "openai/gpt-of-the-house") is None


@pytest.mark.asyncio
async def test_what_runs_here_costs_nothing(tmp_path: Path) -> None:
    async with product(tmp_path) as (services, _):
        assert await _cost(services, "offline/assistant") == "0"
        assert services.models.prices.now(Target("ollama", None, "llama3")) == FREE


@pytest.mark.asyncio
async def test_a_list_of_models_is_completed(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, _):
        listed = {model.name: model for model in (await services.models.list(ModelListParams())).models}
        assert listed["gpt-5.5"].prices is not None
        assert listed["gpt-5.5"].prices.input == "5"
        assert listed["gpt-5.5"].prices.as_of is not None
        assert listed["gpt-5.5"].context_window == 1_000_000
        known = await services.models.known(Target("openai", None, "gpt-4o"))
        assert known is not None
        assert known.context_window == 128_000


@pytest.mark.asyncio
async def test_without_the_lists_prices_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "genai_prices"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    async with product(tmp_path, "openai") as (services, _):
        result = await services.chats.send(ChatSendParams(input="Hello", model="openai/gpt-5.5"), None, 0)
        assert result.cost is None
        assert result.usage.total_tokens > 0
        assert services.models.prices.lists.as_of is None
        summary = await services.usage.summary(UsageSummaryParams(by="model"))
        assert (summary.total.turns, summary.total.unpriced, summary.rows[0].unpriced) == (1, 1, 1)
        assert summary.total.cost is None
        services.runtime.settings = services.runtime.settings.model_copy(update={"budgets": BudgetSettings(day=5)})
        sink = Sink()
        await services.chats.send(ChatSendParams(input="Hello", model="openai/gpt-5.5"), sink, 0)
        assert "pip install 'the-maestro[prices]'" in sink.notices[0]


@pytest.mark.asyncio
async def test_a_turn_that_failed_has_its_price_too(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, [openai]):
        openai.play("cut")
        with pytest.raises(MaestroError):
            await services.chats.send(ChatSendParams(input="Hello", model="openai/gpt-5.5"), None, 0)
        await services.spending.aclose()
        [row] = (await services.usage.summary(UsageSummaryParams(by="chat"))).rows
        assert row.cost is not None
        assert Decimal(row.cost.amount) > 0
        assert row.cost.as_of == services.models.prices.lists.as_of
        chat = await services.stores.read(row.key)
        assert chat.cost is not None
        assert chat.cost.amount == row.cost.amount
