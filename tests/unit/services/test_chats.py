"""A chat answers each request once, keeps what was said, and nothing of what was refused."""

import asyncio
from pathlib import Path

import pytest

from maestro import provider
from maestro.errors import MaestroError
from maestro_protocol.chat import ChatSendParams
from tests.unit.services.product import product
from tests.unit.services.sink import Sink

pytestmark = pytest.mark.asyncio

MODEL = "openai/gpt-5.5"


async def test_a_repeated_request_gets_the_text_that_went_out_as_events_before(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, [openai]):
        params = ChatSendParams(input="What is the capital of France?", model=MODEL, client_request_id="r1")
        first, again = Sink(), Sink()
        streamed = await services.chats.send(params, first, 0)
        assert streamed.message is None
        assert first.events
        for sink in (None, again):
            repeated = await services.chats.send(params, sink, 0)
            assert repeated.message is not None
            assert "Paris" in str(repeated.message.content)
            assert repeated.turn_id == streamed.turn_id
        assert again.events == []
        assert len(openai.prompts) == 1


async def test_a_request_refused_for_want_of_room_leaves_no_trace(tmp_path: Path) -> None:
    settings = {"limits": {"maxActiveTurns": 1}}
    async with product(tmp_path, "openai", settings=settings) as (services, [openai]):
        chat = (await services.chats.send(ChatSendParams(input="one", model=MODEL), None, 0)).chat_id
        openai.play("drip")
        sink = Sink()
        running = asyncio.create_task(services.chats.send(ChatSendParams(input="busy", model=MODEL), sink, 0))
        await sink.begun.wait()
        for _ in range(2):
            with pytest.raises(MaestroError) as caught:
                await services.chats.send(ChatSendParams(chat_id=chat, input="two"), None, 0)
            assert caught.value.kind == "serverBusy"
        running.cancel()
        assert (await running).stop_reason == "cancelled"
        openai.play()
        await services.chats.send(ChatSendParams(chat_id=chat, input="three"), None, 0)
        said = [item.get("content") for item in openai.requests[-1].json["input"] if item.get("role") == "user"]
        assert len(said) == 2
        assert "two" not in str(said)


async def test_a_chat_answers_one_message_at_a_time(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, [openai]):
        chat = (await services.chats.send(ChatSendParams(input="one", model=MODEL), None, 0)).chat_id
        openai.play("drip")
        sink = Sink()
        running = asyncio.create_task(services.chats.send(ChatSendParams(chat_id=chat, input="two"), sink, 0))
        await sink.begun.wait()
        with pytest.raises(MaestroError) as caught:
            await services.chats.send(ChatSendParams(chat_id=chat, input="three"), None, 0)
        assert (caught.value.kind, caught.value.data.chat_id) == ("turnInProgress", chat)
        assert await services.chats.cancel(chat, "turn_other") is False
        assert await services.chats.cancel(chat, None) is True
        assert (await running).stop_reason == "cancelled"
        assert await services.chats.cancel(chat, None) is False
        with pytest.raises(MaestroError, match="no such chat"):
            await services.chats.cancel("chat_nobody", None)


async def test_another_model_does_not_mean_another_session(tmp_path: Path) -> None:
    async with product(tmp_path, "openai", "anthropic") as (services, [openai, _]):
        await provider.create_session("openai", "api_key", name="private", api_key="sk-private-0123456789")
        await services.sessions.set_default("private")
        first = ChatSendParams(input="one", model=MODEL, session_id="my-openai")
        chat = (await services.chats.send(first, None, 0)).chat_id
        for model in (None, "openai/gpt-5.4"):
            await services.chats.send(ChatSendParams(chat_id=chat, input="two", model=model), None, 0)
        assert not any("sk-private" in str(request.headers) for request in openai.requests)
        other = ChatSendParams(chat_id=chat, input="three", model="anthropic/claude-sonnet-5-5")
        assert (await services.chats.send(other, None, 0)).model == "anthropic/claude-sonnet-5-5"
