"""Agents have names that last, answer with what their model says, ask before they change anything, and stop at once."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from maestro import provider
from maestro.agents import Agents
from maestro.errors import MaestroError
from maestro.program import Ask, Events
from maestro_protocol.base import JsonObject
from maestro_protocol.conversations import ChatCreateParams, ChatUpdateParams
from maestro_protocol.events import TextDelta, ToolCompleted, TurnCompleted, TurnEvent, TurnStarted
from maestro_protocol.permissions import PermissionRequestParams
from tests.simulators.fixtures import Simulation, simulate
from tests.simulators.replies import Script

pytestmark = pytest.mark.asyncio

LONG = Script("word " * 2_000)
"""With `drip` an answer that takes longer than any test."""

NEW_FILE = 'Call apply_edit {"path": "new.txt", "oldText": "", "newText": "hello\\n"}'


@asynccontextmanager
async def opened(
    home: Path, *simulations: Simulation, ask: Ask | None = None, folder: str = "project", **variables: str
) -> AsyncIterator[Agents]:
    place = home / folder
    await asyncio.to_thread(place.mkdir, exist_ok=True)
    environment: Mapping[str, str] = {"MAESTRO_HOME": str(home / "maestro"), "HOME": str(home), **variables}
    for simulation in simulations:
        environment = {**environment, **simulation.environment}
    settings: JsonObject = {"models": {"probeLocalServers": False}, "retry": {"baseDelayMs": 1}}
    async with Agents.open(environment=environment, folder=place, settings=settings, ask=ask) as agents:
        yield agents


async def test_an_agent_answers_through_its_provider_and_remembers(tmp_path: Path) -> None:
    async with simulate("openai") as openai, opened(tmp_path, openai) as agents:
        agent = await agents.start_agent("reviewer", "openai", system="You review code.")
        assert (agent.name, agent.provider, agent.session) == ("reviewer", "openai", "env")
        assert agent.model.startswith("openai/gpt-")
        first = await agents.send_message("reviewer", "What is the capital of France?")
        assert "Paris" in first.text
        assert first.stop_reason == "endTurn"
        assert first.usage.total_tokens > 0
        await agents.send_message("reviewer", "And of Italy?")
        sent = openai.requests[-1].json
        assert "You review code." in str(sent)
        assert "What is the capital of France?" in str(sent["input"])
        assert "Paris" in str(sent["input"])


async def test_a_name_lasts_and_belongs_to_one_agent_of_a_folder(tmp_path: Path) -> None:
    async with opened(tmp_path) as agents:
        begun = await agents.start_agent("reviewer", "offline")
        assert await agents.start_agent("reviewer", "offline") == begun
    async with simulate("openai") as openai, opened(tmp_path, openai) as agents:
        assert await agents.list_agents() == [begun]
        assert await agents.start_agent("reviewer", "offline") == begun
        with pytest.raises(MaestroError) as caught:
            await agents.start_agent("reviewer", "openai")
        assert (caught.value.kind, caught.value.data.chat_id) == ("sessionNameTaken", begun.chat_id)
        assert caught.value.data.provider == "offline"
        await agents.start_agent("second opinion", "openai", model="openai/gpt-5.4")
        assert [agent.name for agent in await agents.list_agents()] == ["second opinion", "reviewer"]
    async with opened(tmp_path, folder="elsewhere") as agents:
        assert await agents.list_agents() == []
        assert (await agents.start_agent("reviewer", "offline")).chat_id != begun.chat_id


async def test_what_is_given_anew_replaces_what_the_agent_had(tmp_path: Path) -> None:
    async with simulate("openai") as openai, opened(tmp_path, openai) as agents:
        begun = await agents.start_agent("a", "openai", model="gpt-5.5", system="one")
        assert begun.model == "openai/gpt-5.5"
        await provider.create_session("openai", "api_key", name="work", api_key="sk-work-0123456789")
        again = await agents.start_agent("a", "openai", model="gpt-5.4", session="work", system="two")
        assert (again.chat_id, again.model, again.session) == (begun.chat_id, "openai/gpt-5.4", "work")
        assert await agents.start_agent("a", "openai") == again
        await agents.send_message("a", "Hi")
        sent = openai.requests[-1]
        assert sent.json["model"] == "gpt-5.4"
        assert "two" in str(sent.json)
        assert "sk-work-0123456789" in str(sent.headers)


async def test_chats_that_a_person_named_are_agents_and_others_are_not(tmp_path: Path) -> None:
    async with opened(tmp_path) as agents:
        history = agents._services.history
        named = await history.create(ChatCreateParams(title="by hand"))
        await history.create(ChatCreateParams(model="offline/assistant"))
        assert await agents.list_agents() == []
        adopted = await agents.start_agent("by hand", "offline")
        assert adopted.chat_id == named.id
        assert await agents.list_agents() == [adopted]
        other = await history.create(ChatCreateParams(title="other"))
        await history.update(ChatUpdateParams(chat_id=other.id, title="by hand"))
        with pytest.raises(MaestroError) as caught:
            await agents.send_message("by hand", "Which of you?")
        assert caught.value.kind == "ambiguous"
        assert set(caught.value.data.candidates or []) == {named.id, other.id}


async def test_events_come_as_they_happen_and_the_reply_is_their_text(tmp_path: Path) -> None:
    async with opened(tmp_path) as agents:
        await agents.start_agent("a", "offline")
        heard: list[TurnEvent] = []
        reply = await agents.send_message("a", "What does this do?", on_event=heard.append)
        streamed = [event async for event in agents.stream_message("a", "What does this do?")]
        for events in (heard, streamed):
            assert isinstance(events[0], TurnStarted)
            assert [type(event) for event in events].count(TurnCompleted) == 1
            assert isinstance(events[-1], TurnCompleted)
            assert "".join(event.text for event in events if isinstance(event, TextDelta)) == reply.text
        assert heard[-1].turn_id == reply.turn_id
        assert [event.seq for event in [*heard, *streamed]] == list(range(1, len(heard) + len(streamed) + 1))


async def test_closing_the_stream_stops_the_turn_and_the_provider(tmp_path: Path) -> None:
    async with simulate("openai", "drip", always=LONG) as openai, opened(tmp_path, openai) as agents:
        await agents.start_agent("a", "openai")
        async with aclosing(agents.stream_message("a", "Tell me everything")) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        async with asyncio.timeout(10):
            await openai.idle()
        assert await agents.cancel("a") is False
        openai.play()
        assert (await agents.send_message("a", "What is the capital of France?")).stop_reason == "endTurn"


async def test_cancel_is_a_stop_reason_and_a_cancelled_task_is_cancelled(tmp_path: Path) -> None:
    async with simulate("openai", "drip", always=LONG) as openai, opened(tmp_path, openai) as agents:
        await agents.start_agent("a", "openai")
        for stop in ("cancel", "task"):
            begun = asyncio.Event()
            asked = agents.send_message("a", "Tell me everything", on_event=lambda _, begun=begun: begun.set())
            sending = asyncio.create_task(asked)
            await begun.wait()
            if stop == "cancel":
                assert await agents.cancel("a") is True
                assert (await sending).stop_reason == "cancelled"
            else:
                sending.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await sending
            assert await agents.cancel("a") is False


async def test_a_listener_that_fails_stops_the_turn(tmp_path: Path) -> None:
    def listen(event: TurnEvent) -> None:
        raise RuntimeError("listener")

    async with simulate("openai", "drip", always=LONG) as openai, opened(tmp_path, openai) as agents:
        await agents.start_agent("a", "openai")
        with pytest.raises(RuntimeError, match="listener"):
            await agents.send_message("a", "Tell me everything", on_event=listen)
        assert await agents.cancel("a") is False


async def test_an_agent_that_is_stopped_is_forgotten_also_while_it_speaks(tmp_path: Path) -> None:
    async with simulate("openai", "drip", always=LONG) as openai, opened(tmp_path, openai) as agents:
        begun = await agents.start_agent("a", "openai")
        spoke = asyncio.Event()
        asked = agents.send_message("a", "Tell me everything", on_event=lambda _: spoke.set())
        sending = asyncio.create_task(asked)
        await spoke.wait()
        await agents.stop_agent("a")
        assert (await sending).stop_reason == "cancelled"
        assert await agents.list_agents() == []
        for verb in (agents.send_message("a", "Hello?"), agents.cancel("a"), agents.stop_agent("a")):
            with pytest.raises(MaestroError) as caught:
                await verb
            assert caught.value.kind == "chatNotFound"
        assert (await agents.start_agent("a", "openai")).chat_id != begun.chat_id


async def test_closing_everything_ends_turns_under_way(tmp_path: Path) -> None:
    async with simulate("openai", "drip", always=LONG) as openai:
        async with opened(tmp_path, openai) as agents:
            await agents.start_agent("a", "openai")
            spoke = asyncio.Event()
            sending = asyncio.create_task(agents.send_message("a", "Go", on_event=lambda _: spoke.set()))
            await spoke.wait()
        assert (await sending).stop_reason == "cancelled"
        async with asyncio.timeout(10):
            await openai.idle()


async def test_tools_read_freely_and_what_must_be_asked_is_denied_without_anybody_to_ask(tmp_path: Path) -> None:
    async with opened(tmp_path) as agents:
        await asyncio.to_thread((tmp_path / "project" / "a.py").write_text, "print('seen')\n")
        await agents.start_agent("a", "offline")
        events: list[TurnEvent] = []
        reply = await agents.send_message("a", f'Call read_file {{"path": "a.py"}}, {NEW_FILE}', on_event=events.append)
        assert reply.stop_reason == "endTurn"
        assert "print('seen')" in reply.text
        statuses = [event.status for event in events if isinstance(event, ToolCompleted)]
        assert statuses == ["completed", "denied"]
        assert not await asyncio.to_thread((tmp_path / "project" / "new.txt").exists)


async def test_calls_of_one_round_and_a_broken_one_are_answered_each(tmp_path: Path) -> None:
    async with opened(tmp_path) as agents:
        for name in ("a.py", "b.py"):
            await asyncio.to_thread((tmp_path / "project" / name).write_text, f"# this is {name}\n")
        await agents.start_agent("a", "offline")
        events: list[TurnEvent] = []
        asked = 'read_file {"path": "a.py"} in parallel read_file {"path": "b.py"}, then read_file {"path": nowhere}'
        reply = await agents.send_message("a", asked, on_event=events.append)
        done = [event for event in events if isinstance(event, ToolCompleted)]
        assert [event.status for event in done] == ["completed", "completed", "failed"]
        assert len({event.tool_call_id for event in done}) == 3
        assert "this is a.py" in reply.text
        assert "this is b.py" in reply.text
        assert reply.text.count("`read_file` answered:") == 3


async def test_who_is_asked_decides(tmp_path: Path) -> None:
    questions: list[PermissionRequestParams] = []

    async def ask(params: PermissionRequestParams) -> str:
        questions.append(params)
        return "allowOnce"

    async with opened(tmp_path, ask=ask) as agents:
        await agents.start_agent("a", "offline")
        await agents.send_message("a", NEW_FILE)
        assert await asyncio.to_thread((tmp_path / "project" / "new.txt").read_text) == "hello\n"
        [question] = questions
        assert question.subject.path == "new.txt"
        assert question.intent is not None
        assert question.intent.scope == "new.txt"


async def test_an_answer_that_does_not_come_in_time_or_is_none_of_the_options_is_no(tmp_path: Path) -> None:
    async def never(params: PermissionRequestParams) -> str:
        await asyncio.Event().wait()
        return "allowOnce"

    async def nonsense(params: PermissionRequestParams) -> str:
        return "yes please"

    for ask in (never, nonsense):
        async with opened(tmp_path, ask=ask, MAESTRO_PERMISSIONS__TIMEOUT_MS="50") as agents:
            await agents.start_agent("a", "offline")
            assert (await agents.send_message("a", NEW_FILE)).stop_reason == "toolDenied"
        assert not await asyncio.to_thread((tmp_path / "project" / "new.txt").exists)


async def test_a_question_that_fails_fails_the_turn_and_runs_nothing(tmp_path: Path) -> None:
    async def ask(params: PermissionRequestParams) -> str:
        raise TimeoutError("ours")

    async with opened(tmp_path, ask=ask) as agents:
        await agents.start_agent("a", "offline")
        with pytest.raises(TimeoutError, match="ours"):
            await agents.send_message("a", NEW_FILE)
        assert not await asyncio.to_thread((tmp_path / "project" / "new.txt").exists)
        assert await agents.cancel("a") is False


async def test_a_providers_failure_is_raised_and_the_agent_stays(tmp_path: Path) -> None:
    async with simulate("openai", keys=frozenset({"another"})) as openai, opened(tmp_path, openai) as agents:
        await agents.start_agent("a", "openai")
        with pytest.raises(MaestroError) as caught:
            await agents.send_message("a", "Hi")
        assert caught.value.kind == "authRejected"
        assert [agent.name for agent in await agents.list_agents()] == ["a"]


@pytest.mark.parametrize(
    ("name", "provider_id", "options", "kind"),
    [
        ("", "offline", {}, "invalidParams"),
        (" ", "offline", {}, "invalidParams"),
        ("x" * 201, "offline", {}, "invalidParams"),
        ("a", "nobody", {}, "providerNotFound"),
        ("a", "nobody", {"model": "m"}, "providerNotFound"),
        ("a", "openai", {}, "authRequired"),
        ("a", "offline", {"session": "nobody"}, "sessionNotFound"),
    ],
)
async def test_what_cannot_be_an_agent_is_refused_and_leaves_nothing(
    tmp_path: Path, name: str, provider_id: str, options: dict[str, str], kind: str
) -> None:
    async with opened(tmp_path) as agents:
        with pytest.raises(MaestroError) as caught:
            await agents.start_agent(name, provider_id, **options)
        assert caught.value.kind == kind
        assert await agents.list_agents() == []


async def test_a_slow_reader_holds_the_sender_back_and_loses_nothing() -> None:
    events = Events()
    sent = 0
    while events.has_room:
        events.send(TextDelta(turn_id="t", seq=(sent := sent + 1), message_id="m", part_id="p", text="x"))
    waiting = asyncio.create_task(events.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert await events.next() is not None
    await waiting
    events.end()
    rest = 0
    while await events.next() is not None:
        rest += 1
    assert rest == sent - 1
