"""Which session a request uses: the named one, the chat's, the folder's, the default, the only one; never another."""

from pathlib import Path

import pytest

from maestro import provider
from maestro.app import Services
from maestro.errors import MaestroError
from maestro_protocol.base import JsonObject
from maestro_protocol.sessions import Session, SessionBindParams, SessionReleased, SessionUpdateParams
from tests.unit.services.product import product

pytestmark = pytest.mark.asyncio
KEY = "sk-a-good-key-123456"


async def made(*sessions: str) -> None:
    for one in sessions:
        provider_id, name = one.split(":")
        await provider.create_session(provider_id, "api_key", name=name, api_key=KEY)


async def bind(services: Services, session: str | None, **target: str) -> object:
    wire: JsonObject = {"sessionId": session, **target}
    return await services.sessions.bind(SessionBindParams.from_wire({k: v for k, v in wire.items() if v is not None}))


def chosen(services: Services, provider_id: str = "openai", **more: str) -> str | None:
    stored = services.sessions.choose(provider_id, **more)
    return stored.session.name if stored else None


async def test_the_nearest_choice_wins(tmp_path: Path) -> None:
    async with product(tmp_path) as (services, _):
        await made("openai:only")
        assert chosen(services) == "only"
        await made("openai:default", "openai:folder", "openai:chat", "openai:named")
        with pytest.raises(MaestroError):
            chosen(services)
        await services.sessions.set_default("default")
        assert chosen(services) == "default"
        await bind(services, "folder", workspaceFolder=f"{tmp_path.as_uri()}/")
        assert chosen(services) == "folder"
        await bind(services, "chat", chatId="chat_1")
        assert chosen(services, chat_id="chat_1") == "chat"
        assert chosen(services, chat_id="chat_2") == "folder"
        assert chosen(services, reference="named", chat_id="chat_1") == "named"


async def test_a_released_folder_falls_back_to_the_default(tmp_path: Path) -> None:
    async with product(tmp_path) as (services, _):
        await made("openai:default", "openai:folder")
        await services.sessions.set_default("default")
        bound = await bind(services, "folder", workspaceFolder=tmp_path.as_uri())
        assert isinstance(bound, Session)
        assert bound.bound_to == [tmp_path.as_uri()]
        assert await bind(services, None, workspaceFolder=tmp_path.as_uri()) == SessionReleased(released=[bound.id])
        assert chosen(services) == "default"


async def test_a_binding_says_which_provider_where_nothing_else_does(tmp_path: Path) -> None:
    async with product(tmp_path, settings={"defaults": {"provider": "openai"}}) as (services, _):
        await made("openai:work", "anthropic:claude")
        assert (await services.models.target(None, None)).provider == "openai"
        await bind(services, "claude", workspaceFolder=tmp_path.as_uri())
        target = await services.models.target(None, None)
        assert (target.provider, target.session and target.session.session.name) == ("anthropic", "claude")
        await bind(services, "work", chatId="chat_1")
        assert (await services.models.target(None, None, "chat_1")).provider == "openai"
        assert (await services.models.target("openai/gpt-5.5", None)).session_id is not None


async def test_a_bound_session_that_is_deleted_leaves_no_binding(tmp_path: Path) -> None:
    async with product(tmp_path) as (services, _):
        await made("openai:one", "openai:two")
        await bind(services, "two", chatId="chat_1")
        await services.sessions.delete("two")
        assert chosen(services, chat_id="chat_1") == "one"


async def test_folders_that_disagree_are_not_chosen_between(tmp_path: Path) -> None:
    async with product(tmp_path) as (services, _):
        await made("openai:one", "openai:two")
        services.editor.folders = ["file:///a", "file:///b"]  # type: ignore[misc]
        await bind(services, "one", workspaceFolder="file:///a")
        assert chosen(services) == "one"
        await bind(services, "two", workspaceFolder="file:///b")
        with pytest.raises(MaestroError) as caught:
            chosen(services)
        assert caught.value.kind == "ambiguous"
        assert len(caught.value.data.candidates or []) == 2


@pytest.mark.parametrize("target", [{}, {"workspaceFolder": "file:///a", "chatId": "chat_1"}])
async def test_a_binding_has_exactly_one_target(tmp_path: Path, target: dict[str, str]) -> None:
    async with product(tmp_path) as (services, _):
        await made("openai:one")
        with pytest.raises(MaestroError) as caught:
            await bind(services, "one", **target)
        assert caught.value.code == -32602


async def test_a_mode_the_session_lacks_is_refused(tmp_path: Path) -> None:
    async with product(tmp_path) as (services, _):
        await made("openai:key")
        params = SessionUpdateParams.from_wire({"sessionId": "key", "mode": "chatgpt"})
        with pytest.raises(MaestroError) as caught:
            await services.sessions.update(params)
        assert caught.value.code == -32602
        params = SessionUpdateParams.from_wire({"sessionId": "key", "defaults": {"model": "gpt-5.4-mini"}})
        assert (await services.sessions.update(params)).defaults
        assert (await services.models.target(None, "key")).model == "gpt-5.4-mini"


async def test_a_session_and_a_model_that_disagree_are_told(tmp_path: Path) -> None:
    async with product(tmp_path, "openai") as (services, [openai]):
        await made("openai:three", "openai:four", "anthropic:claude")
        for session, model, code in (("three", "four:openai/gpt-5.5", -32602), ("claude", "openai/gpt-5.5", 4007)):
            with pytest.raises(MaestroError) as caught:
                await services.models.target(model, session)
            assert caught.value.code == code
            assert "another" in caught.value.message or "one of anthropic" in caught.value.message
        assert (await services.models.target("four:openai/gpt-5.5", "four")).model == "gpt-5.5"
        assert openai.requests == []


async def test_without_a_session_of_the_default_provider_the_others_are_named(tmp_path: Path) -> None:
    async with product(tmp_path) as (services, _):
        await made("openai:mine")
        with pytest.raises(MaestroError) as caught:
            await services.models.target(None, None)
        assert caught.value.kind == "authRequired"
        assert "'mine' of openai" in caught.value.message
        assert "defaults.provider" in caught.value.message


async def test_a_session_of_a_provider_that_is_gone_can_be_deleted(tmp_path: Path) -> None:
    async with product(tmp_path) as (services, _):
        await made("openai:mine")
        query = "UPDATE saved_authentications SET provider = 'gone'"
        await services.runtime.sessions.database.run(lambda connection: connection.execute(query))
        assert await services.sessions.delete("mine")
        assert [one.name for one in await services.sessions.list(None)] == []
