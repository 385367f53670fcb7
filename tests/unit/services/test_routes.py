"""A route goes on where one of its models cannot answer, and only then: visibly, in its order, in its sessions."""

import asyncio
import inspect
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import JsonValue

from maestro import provider
from maestro.app import Services
from maestro.cli.chat import model_named
from maestro.errors import MaestroError
from maestro.services.status import clock
from maestro.telemetry import Telemetry
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatCompleteParams, ChatMessage, ChatSendParams
from maestro_protocol.conversations import ChatCreateParams, ChatEventsParams, ChatGetParams, ChatListParams
from maestro_protocol.intents import IntentListParams
from maestro_protocol.models import ModelListParams
from maestro_protocol.sessions import SessionBindParams
from maestro_protocol.usage import UsageSummaryParams
from tests.simulators.fixtures import Simulation
from tests.simulators.personas import parse, status
from tests.simulators.replies import Script, Tokens, ToolCall
from tests.simulators.service import Persona
from tests.unit.services.editor import FolderEditor, keep_in_git
from tests.unit.services.product import product
from tests.unit.services.test_agent import Sink

pytestmark = pytest.mark.asyncio

GPT, CLAUDE, PRO = "openai/gpt-5.5", "anthropic/claude-sonnet-5-5", "gemini/gemini-3.5-pro"
ROUTE = [GPT, CLAUDE]
QUOTA = status(429, kind="insufficient_quota")


class Scene:
    """A folder, two or three services, and a route over them."""

    def __init__(self, services: Services, simulations: Sequence[Simulation], editor: FolderEditor) -> None:
        self.services = services
        self.openai, self.anthropic, *self.more = simulations
        self.editor = editor
        self.sink = Sink()
        self.chat_id: str | None = None

    async def send(self, text: str = "Hi.", model: str | None = "cheap", **more: JsonValue) -> JsonObject:
        self.sink = Sink()
        params = ChatSendParams.from_wire({"input": text, "model": model, "chatId": self.chat_id, **more})
        result = await self.services.chats.send(params, self.sink, 0)
        self.chat_id = result.chat_id
        return result.to_wire()

    async def complete(self, **more: JsonValue) -> JsonObject:
        self.sink = Sink()
        messages = [ChatMessage(role="user", content="Hi.")]
        params = ChatCompleteParams(messages=messages, model="cheap").model_copy(update=more)
        return (await self.services.completions.complete(params, self.sink, 0)).to_wire()

    @property
    def text(self) -> str:
        return "".join(str(event["text"]) for event in self.sink.of("text.delta"))

    @property
    def moves(self) -> list[tuple[JsonValue, JsonValue]]:
        return [(event["from"], event["to"]) for event in self.sink.of("rerouted")]

    async def asked(self) -> dict[str, tuple[int, int, int, int]]:
        """Turns, requests, retries and failures by model."""
        summary = await self.services.usage.summary(UsageSummaryParams(by="model"))
        return {row.key: (row.turns, row.requests, row.retries, row.failures) for row in summary.rows}

    async def usage(self, by: str = "model") -> dict[str, int]:
        summary = await self.services.usage.summary(UsageSummaryParams.from_wire({"by": by}))
        return {row.key: row.usage.total_tokens for row in summary.rows}


@asynccontextmanager
async def scene(home: Path, *more: str, route: JsonValue = None, **settings: JsonValue) -> AsyncIterator[Scene]:
    folder = home / "work"
    folder.mkdir()
    (folder / "notes.md").write_text("# Notes\n\nBuy milk.\n")
    keep_in_git(folder)
    editor = FolderEditor(folder)
    routes: JsonObject = {"cheap": route or [*ROUTE]}
    chosen: JsonObject = {"routes": routes, "retry": {"baseDelayMs": 1}, **settings}
    async with product(home / "state", "openai", "anthropic", *more, in_front=editor, settings=chosen) as (made, found):
        yield Scene(made, found, editor)


def saying(*, remaining: int, reset: str = "60s") -> Persona:
    """Headers that say how much of 100 requests is left."""
    headers = {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": str(remaining),
        "x-ratelimit-reset-requests": reset,
    }
    return Persona("limits", answer=lambda answer, _: replace(answer, headers={**answer.headers, **headers}))


async def bind(it: Scene, session: str) -> None:
    await it.services.sessions.bind(SessionBindParams.from_wire({"sessionId": session, "chatId": it.chat_id}))


async def refusal(work: object) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        await work  # type: ignore[misc]
    return caught.value


# -- when it goes on --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("429=20", "openai/gpt-5.5 is rate limited for another 20 s."),
        ("429", "openai/gpt-5.5 is rate limited."),
        (QUOTA, "The quota of openai/gpt-5.5 is used up."),
        ("500", "openai/gpt-5.5 is overloaded or fails."),
        ("503", "openai/gpt-5.5 is overloaded or fails."),
        ("disconnect", "openai/gpt-5.5 cannot be reached."),
        ("cut=0", "The answer of openai/gpt-5.5 broke off."),
        ("reset=0", "The answer of openai/gpt-5.5 broke off."),
    ],
    ids=["429 and when", "429", "quota", "500", "503", "disconnected", "cut before anything", "reset before anything"],
)
@pytest.mark.parametrize("how", ["send", "complete"])
async def test_the_next_one_answers(tmp_path: Path, fault: Persona | str, reason: str, how: str) -> None:
    async with scene(tmp_path) as it:
        it.openai.play(fault)
        it.anthropic.say(Script(text="Here I am."))
        result = await (it.send() if how == "send" else it.complete())
        assert (it.text, result["model"], result["stopReason"]) == ("Here I am.", CLAUDE, "endTurn")
        [event] = it.sink.of("rerouted")
        session = await it.services.sessions.get("my-anthropic")
        assert (event["from"], event["to"], event["sessionId"]) == (GPT, CLAUDE, session.id)
        assert event["reason"] == reason
        assert it.sink.of("retrying") == []
        assert len(it.openai.requests) == 1, "whoever has somebody else to ask does not ask twice"
        assert len(it.sink.of("turn.completed")) == 1
        assert await it.asked() == {GPT: (1, 1, 0, 1), CLAUDE: (1, 1, 0, 0)}


async def test_a_service_that_is_not_there_is_passed_by(tmp_path: Path) -> None:
    async with scene(tmp_path, providers={"openai": {"baseUrl": "http://127.0.0.1:1/v1"}}) as it:
        assert (await it.send())["model"] == CLAUDE
        assert it.sink.of("rerouted")[0]["reason"] == "openai/gpt-5.5 cannot be reached."


@pytest.mark.parametrize(("fault", "code"), [("401", 4002), ("403", 4002), ("400", 4209), ("413", 4209)])
@pytest.mark.parametrize("how", ["send", "complete"])
async def test_what_another_one_cannot_help_stays_an_error(tmp_path: Path, fault: str, code: int, how: str) -> None:
    async with scene(tmp_path) as it:
        it.openai.play(fault)
        error = await refusal(it.send() if how == "send" else it.complete())
        assert error.code == code
        assert it.moves == []
        assert it.anthropic.requests == []


async def test_the_last_one_is_asked_as_often_as_without_a_route(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.openai.play("500")
        it.anthropic.play("500*2")
        assert (await it.send())["model"] == CLAUDE
        assert len(it.sink.of("retrying")) == 2
        it.anthropic.play("500")
        error = await refusal(it.complete())
        assert (error.code, error.data.provider) == (4203, "anthropic")
        assert [event["type"] for event in it.sink.events].count("turn.completed") == 1


async def test_a_route_may_be_long(tmp_path: Path) -> None:
    count = 150
    async with scene(tmp_path, route=[*(f"openai/m{number}" for number in range(count)), CLAUDE]) as it:
        it.openai.play("500")
        most = sys.getrecursionlimit()
        sys.setrecursionlimit(len(inspect.stack()) + 150)
        try:
            assert (await it.send())["model"] == CLAUDE
        finally:
            sys.setrecursionlimit(most)
        assert len(it.moves) == count


@pytest.mark.parametrize("how", ["send", "complete"])
async def test_where_nobody_answers_all_are_named(tmp_path: Path, how: str) -> None:
    async with scene(tmp_path, "gemini", route=[GPT, CLAUDE, PRO]) as it:
        it.openai.play("429=20")
        it.anthropic.play("500")
        it.more[0].play("401")
        error = await refusal(it.send() if how == "send" else it.complete())
        assert error.code == 4002
        assert error.message.startswith("None of the 3 models that the route `cheap` came to has answered; of the last")
        told = {issue.path: issue.message for issue in error.data.issues or ()}
        assert told[GPT] == f"{GPT} is rate limited for another 20 s."
        assert told[CLAUDE] == f"{CLAUDE} is overloaded or fails."
        assert [*told] == [GPT, CLAUDE, PRO] and told[PRO] in error.message


async def test_without_a_route_nothing_is_rerouted(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.openai.play("429*1")
        assert (await it.send(model=GPT))["model"] == GPT
        assert it.moves == [] and len(it.sink.of("retrying")) == 1


# -- what was shown ---------------------------------------------------------------------------------------------------


async def test_what_was_shown_stays(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.openai.say(Script(text="So far so good."))
        it.openai.play("cut=2")
        assert (await refusal(it.send())).code == 4205
        assert it.moves == []
        assert "So far so good.".startswith(it.text) and it.text


async def test_what_was_shown_is_discarded_where_the_user_wants_that(tmp_path: Path) -> None:
    async with scene(tmp_path, chat={"restartInterrupted": "auto"}) as it:
        it.openai.say(Script(text="So far so good.", tokens=Tokens(input=7, output=3)))
        it.openai.play("cut=2")
        it.anthropic.say(Script(text="Anew."))
        result = await it.send()
        assert (result["model"], result["stopReason"]) == (CLAUDE, "endTurn")
        kinds = [event["type"] for event in it.sink.events]
        assert kinds.index("restarted") + 1 == kinds.index("rerouted")
        chat = await it.services.history.get(ChatGetParams(chat_id=str(it.chat_id)))
        [answer] = [message for message in chat.messages if message.role == "assistant"]
        assert "Anew." in str(answer.parts) and "So far" not in str(answer.parts)


async def test_every_target_may_be_begun_anew_once(tmp_path: Path) -> None:
    async with scene(tmp_path, "gemini", route=[GPT, PRO, CLAUDE], chat={"restartInterrupted": "auto"}) as it:
        for one in (it.openai, it.more[0]):
            one.say(Script(text="So far so good."))
            one.play("cut=2")
        it.anthropic.say(Script(text="So far so good."), Script(text="Anew."))
        it.anthropic.play(parse("cut=2*1"))
        assert (await it.send())["model"] == CLAUDE
        assert it.moves == [(GPT, PRO), (PRO, CLAUDE)]
        assert len(it.sink.of("restarted")) == 3
        chat = await it.services.history.get(ChatGetParams(chat_id=str(it.chat_id)))
        [answer] = [message for message in chat.messages if message.role == "assistant"]
        assert "Anew." in str(answer.parts) and "So far" not in str(answer.parts)


async def test_a_call_that_broke_off_ends_before_the_next_attempt_speaks(tmp_path: Path) -> None:
    async with scene(tmp_path, chat={"restartInterrupted": "auto"}) as it:
        it.openai.say(Script(tool_calls=(ToolCall("read_file", json.dumps({"path": "notes.md" * 20})),)))
        it.openai.play("cut=2")
        it.anthropic.say(Script(text="Anew."))
        await it.send()
        kinds = [event["type"] for event in it.sink.events]
        assert "tool.started" in kinds
        [ended] = it.sink.of("tool.completed")
        assert ended["status"] == "cancelled"
        assert kinds.index("tool.completed") < kinds.index("rerouted") < kinds.index("text.delta")


async def test_what_the_provider_resumes_stays_where_it_is(tmp_path: Path) -> None:
    async with scene(tmp_path, providers={"openai": {"background": True}}) as it:
        it.openai.say(Script(text="So far so good."))
        it.openai.play("cut=2*1")
        assert (await it.send())["model"] == GPT
        assert (it.text, it.moves) == ("So far so good.", [])


async def test_a_completion_is_never_begun_anew(tmp_path: Path) -> None:
    async with scene(tmp_path, chat={"restartInterrupted": "auto"}) as it:
        it.openai.play("cut=2")
        assert (await refusal(it.complete())).code == 4205
        assert it.moves == []


# -- later rounds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [("openai", CLAUDE), ("anthropic", GPT), ("gemini", GPT)])
async def test_a_turn_stays_with_whom_it_went_to(tmp_path: Path, first: str, second: str) -> None:
    """The first one calls a tool and is gone; what it signed is not sent to the other one."""
    began = {"openai": GPT, "anthropic": CLAUDE, "gemini": PRO}[first]
    async with scene(tmp_path, "gemini", route=[began, second, began]) as it:
        by_name = {"openai": it.openai, "anthropic": it.anthropic, "gemini": it.more[0]}
        one, other = by_name[first], by_name[second.partition("/")[0]]
        one.say(Script(reasoning="Look.", tool_calls=(ToolCall("read_file", json.dumps({"path": "notes.md"})),)))
        one.play(status(529 if first == "anthropic" else 503).after(1))
        arguments = {"path": "notes.md", "intent": {"purpose": "maintenance", "scope": "notes.md", "risk_level": "low"}}
        other.say(Script(tool_calls=(ToolCall("read_file", json.dumps(arguments)),)), Script(text="Milk."))
        result = await it.send()
        assert (it.text, result["model"], it.moves) == ("Milk.", second, [(began, second)])
        assert "Buy milk." in other.prompts[0].tool_results[0]
        signed = ("signature", "encrypted_content", "thoughtSignature")
        assert not any(f'"{word}"' in other.requests[0].body.decode() for word in signed)
        records = (await it.services.intents.list(IntentListParams())).intents
        assert [record.model for record in reversed(records)] == [began, second]
        usage = await it.usage()
        assert usage.keys() == {began, second}
        assert sum(usage.values()) == result["usage"]["totalTokens"]
        chat = await it.services.history.get(ChatGetParams(chat_id=str(it.chat_id)))
        assert chat.chat.usage.total_tokens == result["usage"]["totalTokens"]


async def test_what_one_account_encrypted_is_not_sent_to_another(tmp_path: Path) -> None:
    async with scene(tmp_path, route=[f"my-openai:{GPT}", f"other:{GPT}"]) as it:
        await provider.create_session("openai", "api_key", name="other", api_key="sk-simulated-0002")
        it.openai.say(Script(reasoning="Hm.", text="First."), Script(text="Second."), Script(text="Third."))
        await it.send()
        await it.send()
        assert "encrypted_content" in str(it.openai.requests[1].json["input"]), "to its own account it is"
        it.openai.play("429*1")
        assert (await it.send())["model"] == GPT
        assert it.text == "Third."
        assert "encrypted_content" not in str(it.openai.requests[-1].json["input"])
        one, other = (request.headers["authorization"] for request in it.openai.requests[-2:])
        assert one != other


async def test_a_chat_stays_on_its_route(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        await it.send()
        it.openai.play("500")
        assert (await it.send(model=None))["model"] == CLAUDE
        assert (await it.services.history.get(ChatGetParams(chat_id=str(it.chat_id)))).chat.model == "cheap"


# -- costs ------------------------------------------------------------------------------------------------------------


async def test_what_was_spent_at_either_is_kept_at_its_own_price(tmp_path: Path) -> None:
    async with scene(tmp_path, "gemini", route=[CLAUDE, PRO], chat={"restartInterrupted": "auto"}) as it:
        await it.services.models.list(ModelListParams())
        it.anthropic.say(Script(text="So far so good.", tokens=Tokens(input=100, output=9)))
        it.anthropic.play("cut=2")
        it.more[0].say(Script(text="Anew.", tokens=Tokens(input=40, output=2)))
        result = await it.send()
        usage = await it.usage()
        assert usage[PRO] == 42
        assert usage[CLAUDE] >= 100
        assert sum(usage.values()) == result["usage"]["totalTokens"]
        assert len(await it.usage("turn")) == 2


async def test_what_was_left_is_kept_before_the_next_one_answers(tmp_path: Path) -> None:
    settings: JsonObject = {"chat": {"restartInterrupted": "auto"}, "budgets": {"day": 5}}
    async with scene(tmp_path, "gemini", route=[CLAUDE, PRO], **settings) as it:
        await it.services.models.list(ModelListParams())  # so that nobody is asked for prices later
        it.anthropic.say(Script(text="So far so good.", tokens=Tokens(input=100, output=9)))
        it.anthropic.play("cut=2")
        it.more[0].play("stall-headers")
        task = asyncio.create_task(it.send())
        await it.more[0].request(2)
        took = (await it.usage())[CLAUDE]
        assert took >= 100
        assert await it.asked() == {CLAUDE: (1, 1, 0, 1)}
        [chat] = (await it.services.history.list(ChatListParams())).chats
        assert (chat.state, chat.usage.total_tokens) == ("running", took)
        spent = await it.services.spending.of_today()
        task.cancel()
        result = await task
        assert (await it.usage())[CLAUDE] == took
        assert (await it.services.stores.read(chat.id)).usage.total_tokens == result["usage"]["totalTokens"]
        assert spent >= await it.services.spending.of_today() == Decimal(result["cost"]["amount"])
        assert spent < 2 * Decimal(result["cost"]["amount"]) + Decimal("0.02"), "nothing is held twice but an answer"


# -- budgets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [[PRO], []], ids=["another one", "the same one"])
async def test_what_was_spent_counts_before_an_answer_is_begun_anew(tmp_path: Path, others: list[JsonValue]) -> None:
    settings: JsonObject = {"chat": {"restartInterrupted": "auto"}, "budgets": {"turn": 0.002}}
    async with scene(tmp_path, "gemini", route=[CLAUDE, *others], **settings) as it:
        it.anthropic.say(Script(text="So far so good.", tokens=Tokens(input=1_500, output=9)))
        it.anthropic.play("cut=2")
        result = await it.send()
        assert (result["stopReason"], result["limit"]) == ("limit", "cost")
        assert float(result["cost"]["amount"]) >= 0.0015
        asked = [request for one in (it.anthropic, it.more[0]) for request in one.requests if request.method == "POST"]
        assert len(asked) == 1
        assert "$0.002" in str(it.sink.of("notice")[0]["message"])
        assert it.text, "what was paid for is not discarded"
        assert it.sink.of("restarted") == []


# -- what is known beforehand -----------------------------------------------------------------------------------------


async def test_one_that_is_used_up_is_not_asked(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.openai.play("429=20*1")
        await it.send()
        await it.send()
        assert len(it.openai.requests) == 1
        [event] = it.sink.of("rerouted")
        assert (event["from"], event["to"]) == (GPT, CLAUDE)
        assert str(event["reason"]).startswith("openai/gpt-5.5 is rate limited for another ")


async def test_headers_say_that_one_is_used_up(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.openai.play(saying(remaining=0))
        assert (await it.send())["model"] == GPT
        assert (await it.send())["model"] == CLAUDE
        status = it.services.status.current()
        [limit] = [one for one in status.rate_limits or () if one.counts == "requests" and one.remaining == 0]
        assert limit.resets_at is not None
        until = clock(limit.resets_at, datetime.now(UTC))
        assert status.state == "warning"
        assert f"OpenAI (my-openai), gpt-5.5: no requests left until {until}." in status.message


@pytest.mark.parametrize(("waits", "first"), [((60, 90), GPT), ((90, 60), CLAUDE), ((60, 60), GPT)])
async def test_where_all_are_used_up_the_one_that_is_back_soonest_is_asked(
    tmp_path: Path, waits: tuple[float, float], first: str
) -> None:
    async with scene(tmp_path) as it:
        for name, model, seconds in zip(("openai", "anthropic"), (GPT, CLAUDE), waits, strict=True):
            session = await it.services.sessions.get(f"my-{name}")
            it.services.runtime.rate_limits.wait(name, session.id, model.partition("/")[2], seconds)
        assert (await it.send())["model"] == first
        assert it.moves == ([] if first == GPT else [(GPT, CLAUDE)])


async def test_a_wait_ends_with_an_answer(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.openai.play("429=60*1")
        await it.send()
        assert (await it.send(model=GPT))["model"] == GPT
        assert (await it.send())["model"] == GPT
        assert it.moves == []


async def test_limits_of_one_model_are_not_another_ones(tmp_path: Path) -> None:
    mini = "openai/gpt-5.4-mini"
    async with scene(tmp_path) as it:
        it.openai.play(saying(remaining=0))
        await it.send(model=mini)
        it.openai.play(saying(remaining=90))
        assert (await it.send())["model"] == GPT
        assert it.moves == []
        assert "gpt-5.4-mini: no requests left" in it.services.status.current().message


async def test_a_spread_begins_with_the_one_that_has_most_left(tmp_path: Path) -> None:
    async with scene(tmp_path, route={"models": ROUTE, "strategy": "spread"}) as it:
        it.anthropic.play(saying(remaining=90))
        it.openai.play(saying(remaining=50))
        assert (await it.send())["model"] == GPT, "nothing is known: in the order of the list"
        assert (await it.send())["model"] == CLAUDE, "unknown counts as whole"
        assert (await it.send())["model"] == CLAUDE
        it.anthropic.play(saying(remaining=10))
        assert (await it.send())["model"] == CLAUDE
        assert (await it.send())["model"] == GPT
        assert it.moves == []
        it.openai.play("500")
        assert (await it.send())["model"] == CLAUDE
        assert it.moves == [(GPT, CLAUDE)]


async def test_a_spread_of_equals_takes_turns(tmp_path: Path) -> None:
    async with scene(tmp_path, route={"models": [f"my-openai:{GPT}", f"other:{GPT}"], "strategy": "spread"}) as it:
        await provider.create_session("openai", "api_key", name="other", api_key="sk-simulated-0002")
        it.openai.play(saying(remaining=100))
        for _ in range(4):
            await it.complete()
        keys = [request.headers["authorization"] for request in it.openai.requests]
        assert keys[0] != keys[1] and keys == keys[:2] * 2


# -- names and sessions -----------------------------------------------------------------------------------------------


async def test_only_the_session_that_is_named(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.anthropic.play("500*1")
        assert (await it.send(sessionId="my-anthropic"))["model"] == CLAUDE
        assert it.openai.requests == []
        await provider.create_session("openai", "api_key", name="other", api_key="sk-simulated-0002")
        await it.services.sessions.set_default("my-openai")
        error = await refusal(it.send(sessionId="other"))
        assert error.code == -32602
        assert error.message == "The route `cheap` does not use the session 'other'; name one of its own, or none."


async def test_a_chat_that_is_bound_keeps_its_route_within_the_session(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        assert (await it.send())["model"] == GPT
        await bind(it, "my-anthropic")
        assert (await it.send(model=None))["model"] == CLAUDE
        it.anthropic.play("500*1")
        assert (await it.send(model=None))["model"] == CLAUDE
        assert it.moves == []
        assert (await it.services.stores.read(str(it.chat_id))).model == "cheap"


async def test_a_chat_that_is_bound_outside_its_route_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path, "gemini") as it:
        await it.send()
        await bind(it, "my-gemini")
        error = await refusal(it.send(model=None))
        assert error.code == -32602
        assert "does not use the session 'my-gemini'" in error.message
        assert (await it.send())["model"] == GPT, "what the request names comes first"
        await bind(it, "my-anthropic")
        assert (await it.send(model=None))["model"] == CLAUDE, "of the sessions it is bound to, the one that is listed"


@pytest.mark.parametrize(("alias", "model"), [("one", "cheap"), ("two", CLAUDE)])
async def test_a_chat_that_is_bound_keeps_its_alias(tmp_path: Path, alias: str, model: str) -> None:
    aliases: JsonObject = {"one": "cheap", "two": "my-anthropic:" + CLAUDE}
    async with scene(tmp_path, aliases=aliases) as it:
        it.chat_id = (await it.services.history.create(ChatCreateParams(model=alias))).id
        await bind(it, "my-anthropic")
        assert (await it.send(model=None))["model"] == CLAUDE
        assert (await it.services.stores.read(it.chat_id)).model == model


async def test_a_folder_that_is_bound_takes_no_route_away(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        await it.send()
        params = SessionBindParams.from_wire({"sessionId": "my-anthropic", "workspaceFolder": it.editor.folders[0]})
        await it.services.sessions.bind(params)
        assert (await it.send(model=None))["model"] == GPT


async def test_a_chat_is_not_begun_with_a_session_that_its_route_does_not_list(tmp_path: Path) -> None:
    async with scene(tmp_path, "gemini") as it:
        error = await refusal(it.services.history.create(ChatCreateParams(model="cheap", session_id="my-gemini")))
        assert error.code == -32602
        chat = await it.services.history.create(ChatCreateParams(model="cheap", session_id="my-anthropic"))
        it.chat_id = chat.id
        assert (await it.send(model=None))["model"] == CLAUDE


async def test_an_entry_that_cannot_be_resolved_is_left_out_aloud(tmp_path: Path) -> None:
    async with scene(tmp_path, route=["gone:openai/x", "nobody/else", CLAUDE]) as it:
        assert (await it.send())["model"] == CLAUDE
        said = [str(event["message"]) for event in it.sink.of("notice")]
        assert [text.partition(":")[0] for text in said] == ["`gone", "`nobody/else` of the route was left out"]


async def test_where_none_is_left_its_error_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path, route=["gemini/gemini-3.5-pro"]) as it:
        assert (await refusal(it.send())).code == 4001


@pytest.mark.parametrize("other", ["cheap", "second"])
async def test_a_route_names_no_route(tmp_path: Path, other: str) -> None:
    routes: JsonObject = {"cheap": [GPT, other], "second": ["cheap"]}
    async with scene(tmp_path, routes=routes) as it:
        error = await refusal(it.send())
        assert (error.code, len(error.message.split(". "))) == (-32602, 1)
        assert it.openai.requests == []


async def test_a_route_is_resolved_like_a_model(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        found = await it.services.models.resolve("cheap")
        assert (found.model.id, found.matched_by, found.route) == (GPT, "route", ROUTE)
        session = await it.services.sessions.get("my-openai")
        it.services.runtime.rate_limits.wait("openai", session.id, "gpt-5.5", 60)
        found = await it.services.models.resolve("cheap")
        assert (found.model.id, found.matched_by, found.route) == (CLAUDE, "route", ROUTE)


@pytest.mark.parametrize("name", ["cheap", "cheap@high", "alias"])
async def test_a_route_goes_with_no_provider_of_the_terminals(tmp_path: Path, name: str) -> None:
    async with scene(tmp_path, aliases={"alias": "cheap"}):
        with pytest.raises(MaestroError) as caught:
            model_named("openai", name)
        assert caught.value.message == (
            f"`{name}` is a route, which says itself which providers it asks; leave out --provider."
        )
        assert model_named("openai", "other") == "openai/other"


async def test_a_default_may_be_a_route(tmp_path: Path) -> None:
    async with scene(tmp_path, defaults={"chat": "cheap"}) as it:
        it.openai.play("500")
        assert [(await it.send(model=None))["model"] for _ in range(2)] == [CLAUDE, CLAUDE]


# -- what fits --------------------------------------------------------------------------------------------------------


LONG = "word " * 200_000
"""More than Claude takes here, and less than Gemini does."""


@pytest.mark.parametrize("busy", ["openai", "nobody"])
async def test_a_model_that_the_context_does_not_fit_is_passed_over(tmp_path: Path, busy: str) -> None:
    route: list[JsonValue] = [GPT, CLAUDE, PRO] if busy == "openai" else [CLAUDE, PRO]
    async with scene(tmp_path, "gemini", route=route) as it:
        await it.services.models.list(ModelListParams())
        it.openai.play("500")
        it.more[0].say(Script(text="Read."))
        assert (await it.send(LONG))["model"] == PRO
        assert not any(request.method == "POST" for request in it.anthropic.requests)
        [notice] = it.sink.of("notice")
        assert str(notice["message"]).startswith(f"{CLAUDE} of the route was passed over: The context has ")
        assert it.moves == ([(GPT, PRO)] if busy == "openai" else [])


@pytest.mark.parametrize("busy", ["openai", "nobody"])
async def test_how_much_a_model_takes_is_looked_up_where_it_matters(tmp_path: Path, busy: str) -> None:
    route: list[JsonValue] = [GPT, CLAUDE, PRO] if busy == "openai" else [CLAUDE, PRO]
    async with scene(tmp_path, "gemini", route=route) as it:
        it.openai.play("500")
        await it.send(model=CLAUDE)
        assert [request.method for request in it.anthropic.requests] == ["POST"]
        it.chat_id = None
        it.more[0].say(Script(text="Read."))
        assert (await it.send(LONG))["model"] == PRO
        assert it.moves == [(route[0], PRO)]
        assert [request.method for request in it.anthropic.requests] == ["POST", "GET"], "where it matters"


async def test_where_the_context_fits_none_that_is_said(tmp_path: Path) -> None:
    async with scene(tmp_path, route=[CLAUDE]) as it:
        await it.services.models.list(ModelListParams())
        assert (await refusal(it.send(LONG))).kind == "contextTooLarge"


# -- ends -------------------------------------------------------------------------------------------------------------


async def test_one_cancel_ends_it_wherever_it_is(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.openai.play("500")
        it.anthropic.play("stall-headers")
        task = asyncio.create_task(it.send())
        await it.anthropic.request(1)
        began = asyncio.get_running_loop().time()
        task.cancel()
        result = await task
        assert asyncio.get_running_loop().time() - began < 5
        assert (result["stopReason"], result["model"]) == ("cancelled", CLAUDE)
        assert [event["type"] for event in it.sink.events].count("turn.completed") == 1
        await it.anthropic.idle()


async def test_a_span_tells_who_answered(tmp_path: Path) -> None:
    async with scene(tmp_path, telemetry={"openTelemetry": True}) as it:
        exporter = InMemorySpanExporter()
        settings = it.services.runtime.settings
        telemetry = Telemetry(lambda: settings, it.editor.show, lambda: exporter)
        it.services.chats._telemetry = telemetry
        it.openai.play("500")
        await it.send()
        await telemetry.aclose(30)
        [span] = exporter.get_finished_spans()
        assert span.name == f"chat {CLAUDE.partition('/')[2]}"
        assert dict(span.attributes or {})["gen_ai.provider.name"] == "anthropic"


async def test_it_stands_in_the_log(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.openai.play("500")
        await it.send()
        log = await it.services.history.events(ChatEventsParams(chat_id=str(it.chat_id)))
        assert [event.seq for event in log.events] == list(range(1, len(log.events) + 1))
        assert [event.to_wire()["to"] for event in log.events if event.type == "rerouted"] == [CLAUDE]
