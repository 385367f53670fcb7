"""ChatGPT mode: what codex's service is sent and how its list and its refusals are read; codex's own login."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.explain import to_maestro_error
from maestro.failures import UpstreamError
from maestro.providers.openai import models, oauth, streaming
from maestro.providers.openai.api_key import auth_headers
from maestro.providers.openai.config import CLIENT_VERSION, INFO
from maestro.store.credentials import ApiKeyCredential, OAuthCredential
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.settings import ProviderSettings
from tests.unit.providers.oauth_support import ACCESS, REFRESH, assert_silent, jwt, make_context, signed_in
from tests.unit.providers.support import KEY, SCHEMA, WEATHER, ask, loopback, system, user

BASE = "https://chatgpt.com/backend-api/codex"
LOGIN = OAuthCredential(ACCESS, REFRESH, account_id="acc-1", api_key=KEY, details={"mode_rule": "current"})
THREAD = ("session-id", "thread-id", "x-client-request-id")


def test_chatgpt_mode_has_its_own_address() -> None:
    connection = oauth.authorised(signed_in(INFO, LOGIN, mode="chatgpt"), LOGIN)
    assert (connection.base_url, connection.credential) == (BASE, LOGIN)
    settings = ProviderSettings(chatgpt_base_url="http://localhost:9/codex/")
    own = oauth.authorised(signed_in(INFO, LOGIN, settings, mode="chatgpt"), LOGIN)
    assert own.base_url == "http://localhost:9/codex"


def test_an_address_without_https_gets_no_token() -> None:
    settings = ProviderSettings(chatgpt_base_url="http://proxy.corp/codex")
    with pytest.raises(MaestroError, match="chatgptBaseUrl"):
        oauth.authorised(signed_in(INFO, LOGIN, settings, mode="chatgpt"), LOGIN)


def test_api_key_mode_uses_the_key_where_keys_are_used() -> None:
    connection = oauth.authorised(signed_in(INFO, LOGIN, mode="api_key"), LOGIN)
    assert (connection.base_url, connection.credential) == ("https://api.openai.com/v1", ApiKeyCredential(KEY))
    request = streaming.build_request(connection, ask(model="gpt-5.5"))
    assert request.headers == {"accept": "text/event-stream", "authorization": f"Bearer {KEY}"}
    assert request.json is not None and "stream_options" in request.json


def test_a_login_without_a_key_says_so() -> None:
    login = replace(LOGIN, api_key=None)
    with pytest.raises(MaestroError) as caught:
        oauth.authorised(signed_in(INFO, login, mode="api_key"), login)
    assert caught.value.code == 4001


@pytest.mark.parametrize(
    ("environment", "organization", "project"),
    [
        ({"OPENAI_ORGANIZATION": "o1", "OPENAI_ORG_ID": "o2", "OPENAI_PROJECT": "p1"}, "o1", "p1"),
        ({"OPENAI_ORGANIZATION": " ", "OPENAI_ORG_ID": "o2", "OPENAI_PROJECT_ID": "p2"}, "o2", "p2"),
        ({}, None, None),
    ],
)
def test_organisation_and_project_of_the_environment(
    environment: dict[str, str], organization: str | None, project: str | None
) -> None:
    connection = signed_in(INFO, LOGIN, mode="api_key", environment=environment)
    headers = auth_headers(oauth.authorised(connection, LOGIN))
    assert (headers.get("openai-organization"), headers.get("openai-project")) == (organization, project)
    settings = ProviderSettings(organization="set", project="too")
    set_ = auth_headers(
        oauth.authorised(signed_in(INFO, LOGIN, settings, mode="api_key", environment=environment), LOGIN)
    )
    assert (set_["openai-organization"], set_["openai-project"]) == ("set", "too")


def sent(
    login: OAuthCredential = LOGIN, settings: ProviderSettings | None = None, **params: object
) -> tuple[JsonObject, dict[str, str]]:
    connection = oauth.authorised(signed_in(INFO, login, settings, mode="chatgpt"), login)
    request = streaming.build_request(connection, ask(system("Be brief."), user("hi"), model="gpt-5.5", **params))
    assert request.url == f"{BASE}/responses"
    assert_silent(request, connection)
    assert request.json is not None
    return request.json, dict(request.headers)


def test_headers_of_chatgpt_mode() -> None:
    _, headers = sent()
    thread = {headers.pop(name) for name in THREAD}
    assert len(thread) == 1
    assert headers == {
        "accept": "text/event-stream",
        "authorization": f"Bearer {ACCESS}",
        "chatgpt-account-id": "acc-1",
        "originator": "codex_cli_rs",
        "version": CLIENT_VERSION,
    }


def test_headers_that_are_only_sometimes_sent() -> None:
    login = replace(LOGIN, details={"mode_rule": "2025-08", "fedramp": "true"})
    _, headers = sent(login, ProviderSettings(client_version="9.9.9", organization="org"))
    assert (headers["openai-beta"], headers["x-openai-fedramp"]) == ("responses=experimental", "true")
    assert headers["version"] == "9.9.9"
    assert "openai-organization" not in headers


def test_the_body_of_chatgpt_mode_has_only_what_codex_sends() -> None:
    body, _ = sent(
        settings=ProviderSettings(background=True),
        max_tokens=100,
        temperature=0.5,
        effort="high",
        output_schema=SCHEMA,
        tools=(WEATHER,),
    )
    assert len(str(body.pop("prompt_cache_key"))) == 36
    tools = body.pop("tools")
    assert isinstance(tools, list) and len(tools) == 1
    assert body == {
        "model": "gpt-5.5",
        "instructions": "Be brief.",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": "high", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
    }


def test_instructions_are_never_empty_and_a_conversation_keeps_its_name() -> None:
    connection = oauth.authorised(signed_in(INFO, LOGIN, mode="chatgpt"), LOGIN)
    first = streaming.build_request(connection, ask(user("hi"))).json
    later = streaming.build_request(connection, ask(user("hi"), user("and now?"))).json
    other = streaming.build_request(connection, ask(user("bye"))).json
    assert first and later and other
    assert first["instructions"] and first["tools"] == []
    assert first["prompt_cache_key"] == later["prompt_cache_key"] != other["prompt_cache_key"]


def entry(slug: str, priority: int, **more: JsonValue) -> JsonObject:
    return {"slug": slug, "priority": priority, "visibility": "list", "display_name": slug.upper()} | more


@pytest.mark.asyncio
async def test_models_that_are_meant_to_be_shown_in_their_order() -> None:
    rows = [
        entry("third", 30, context_window=272_000, supported_reasoning_levels=[{"effort": "low"}]),
        entry("hidden", 1, visibility="hide"),
        entry("first", 10, minimal_client_version="1.2.0"),
        entry("too-new", 5, minimal_client_version="1.10.0"),
        entry("second", 20, minimal_client_version=[1, 2, 3]),
        {"no": "slug"},
    ]
    settings = ProviderSettings(client_version="1.2.3")
    async with loopback((200, {"models": rows})) as (server, http):
        connection = signed_in(INFO, LOGIN, settings, mode="chatgpt", base_url=f"{server.base_url}/codex", http=http)
        found = await models.list_models(connection)
    (request,) = server.received
    assert (request.method, request.target) == ("GET", "/codex/models?client_version=1.2.3")
    assert request.headers["authorization"] == f"Bearer {ACCESS}"
    assert request.headers["chatgpt-account-id"] == "acc-1"
    assert [model.name for model in found] == ["first", "second", "third"]
    assert found[2].to_wire() == {
        "id": "openai/third",
        "provider": "openai",
        "name": "third",
        "label": "THIRD",
        "contextWindow": 272_000,
        "features": ["tools", "reasoning"],
    }


RESETS = {"type": "usage_limit_reached", "message": "The usage limit has been reached", "plan_type": "plus"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (429, {"error": {**RESETS, "resets_at": 0}}, "quotaExceeded", ["3.0 h", "usage limit"]),
        (429, {"error": {"type": "usage_not_included", "message": "No Codex."}}, "authRejected", ["No Codex"]),
        (400, {"detail": "Unsupported parameter: x"}, "upstreamBadRequest", ["Unsupported parameter: x"]),
        (401, {"detail": "Unauthorized"}, "authExpired", ["sign in again"]),
        (503, {"error": {"code": "server_is_overloaded"}}, "overloaded", []),
    ],
)
@pytest.mark.asyncio
async def test_refusals_of_chatgpts_service(status: int, body: JsonObject, kind: str, words: list[str]) -> None:
    error = body.get("error")
    if isinstance(error, dict) and "resets_at" in error:
        error["resets_at"] = int((datetime.now(UTC) + timedelta(hours=3)).timestamp())
    async with loopback((status, body)) as (server, http):
        connection = signed_in(INFO, LOGIN, mode="chatgpt", base_url=server.base_url, http=http)
        with pytest.raises(UpstreamError) as caught:
            await streaming.open_stream(connection, ask())
    told = to_maestro_error(caught.value, connection)
    assert told.kind == kind
    assert all(word in told.message for word in words), told.message


# Codex's own login


def write(directory: Path, content: JsonValue) -> dict[str, str]:
    (directory / ".codex").mkdir(exist_ok=True)
    (directory / ".codex" / "auth.json").write_text(json.dumps(content), encoding="utf-8")
    return {"HOME": str(directory)}


def auth_file(ends: datetime, **more: JsonValue) -> JsonObject:
    about = {"chatgpt_plan_type": "pro", "chatgpt_account_id": "acc-1"}
    access = jwt(exp=int(ends.timestamp()), sub=ACCESS)
    id_token = jwt(email="dev@example.com", **{"https://api.openai.com/auth": about})
    tokens: JsonObject = {"id_token": id_token, "access_token": access, "refresh_token": REFRESH, "account_id": "acc-1"}
    return {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": "2026-11-20"} | more


SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
PAST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("ends", [SOON, PAST])
def test_codex_login_is_read_where_it_is(tmp_path: Path, ends: datetime) -> None:
    (profile,) = oauth.profiles(write(tmp_path, auth_file(ends)))
    credential = profile.credential
    assert (profile.id, profile.mode, profile.login_command) == ("codex", "chatgpt", "codex login")
    assert (credential.grant, credential.expires_at, credential.account_id) == ("profile", ends, "acc-1")
    assert credential.refresh_token is None
    assert profile.identity is not None and profile.identity.plan == "pro"
    assert_silent(profile)


def test_codex_home_comes_first(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": KEY}))
    environment = write(tmp_path, auth_file(SOON)) | {"CODEX_HOME": str(tmp_path / "elsewhere")}
    (profile,) = oauth.profiles(environment)
    assert (profile.mode, profile.credential.api_key, profile.credential.expires_at) == ("api_key", KEY, None)


@pytest.mark.parametrize(
    ("more", "mode"),
    [
        ({"OPENAI_API_KEY": KEY}, "chatgpt"),
        ({"OPENAI_API_KEY": KEY, "auth_mode": "apikey"}, "api_key"),
        ({"OPENAI_API_KEY": KEY, "tokens": None}, "api_key"),
        ({"auth_mode": "apikey"}, "chatgpt"),
    ],
)
def test_the_mode_of_codex_login(tmp_path: Path, more: JsonObject, mode: str) -> None:
    (profile,) = oauth.profiles(write(tmp_path, auth_file(SOON, **more)))
    assert profile.mode == mode


@pytest.mark.parametrize("content", [None, [], "x", {}, {"tokens": []}, {"tokens": {"access_token": 7}}])
def test_a_file_that_says_nothing_is_no_profile(tmp_path: Path, content: JsonValue) -> None:
    assert oauth.profiles(write(tmp_path, content)) == []


def test_what_cannot_be_read_is_no_profile(tmp_path: Path) -> None:
    assert oauth.profiles({}) == oauth.profiles({"HOME": str(tmp_path)}) == []
    (tmp_path / ".codex" / "auth.json").mkdir(parents=True)
    assert oauth.profiles({"HOME": str(tmp_path)}) == []
    (tmp_path / "auth.json").write_bytes(b"\xff\xfe{")
    assert oauth.profiles({"CODEX_HOME": str(tmp_path)}) == []


def test_codex_login_is_reread_and_never_renewed(tmp_path: Path) -> None:
    environment = write(tmp_path, auth_file(SOON))
    (profile,) = oauth.profiles(environment)
    write(tmp_path, auth_file(SOON + timedelta(hours=1)))
    context = make_context(INFO, environment=environment)
    granted = asyncio.run(oauth.renew(context, profile.credential))
    assert granted.credential.expires_at == SOON + timedelta(hours=1)
    assert granted.modes == ("chatgpt",)
    write(tmp_path, auth_file(PAST))
    with pytest.raises(MaestroError, match="codex login") as caught:
        asyncio.run(oauth.renew(context, profile.credential))
    assert caught.value.code == 4003
    (tmp_path / ".codex" / "auth.json").unlink()
    with pytest.raises(MaestroError, match="codex login"):
        asyncio.run(oauth.renew(context, profile.credential))
