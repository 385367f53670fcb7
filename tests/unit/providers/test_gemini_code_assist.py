"""Code Assist: off unless somebody insists, requests wrapped, answers unwrapped; Gemini CLI's own login."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro.errors import MaestroError
from maestro.providers.base import StructuredRequest
from maestro.providers.gemini import audit, models, oauth, onboarding, streaming
from maestro.providers.gemini.config import INFO
from maestro.providers.oauth import AuthorizeRequest, CodeGrant
from maestro.store.credentials import OAuthCredential
from maestro.streaming.messages import Content
from maestro.streaming.parser import parse_stream
from maestro_protocol.base import JsonObject, JsonValue
from maestro_protocol.settings import OAuthSettings, ProviderSettings
from tests.unit.providers.oauth_support import (
    ACCESS,
    CODE,
    REFRESH,
    SECRET,
    VERIFIER,
    assert_silent,
    jwt,
    make_context,
    serve,
    signed_in,
)
from tests.unit.providers.support import ask, loopback, user

GRANT = CodeGrant(CODE, "http://127.0.0.1:8085/oauth2callback", VERIFIER, "s")
TOKENS: JsonObject = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 3599}
CLIENT = {"client_id": "ours.apps", "client_secret": SECRET}
LOGIN = OAuthCredential(ACCESS, details={"service": "code-assist", "project": "p1"})
ANSWER: JsonObject = {
    "response": {"candidates": [{"content": {"parts": [{"text": "Rome."}]}, "finishReason": "STOP"}]},
    "traceId": "t",
}


def on(**oauth_settings: object) -> ProviderSettings:
    return ProviderSettings(oauth=OAuthSettings.model_validate({"code_assist": True} | oauth_settings))


def test_it_is_asked_about_before_anything_else() -> None:
    (field,) = oauth.questions(make_context(INFO, options={"codeAssist": True}), "loopback")
    assert field.key == "consent" and "Google forbids" in field.label
    agreed = make_context(INFO, code_assist=True, inputs={"consent": "yes"})
    assert [field.key for field in oauth.questions(agreed, "loopback")] == ["clientId", "clientSecret"]
    with pytest.raises(MaestroError) as caught:
        oauth.questions(make_context(INFO, code_assist=True, inputs={"consent": "no"}), "loopback")
    assert caught.value.code == 4005


def test_it_asks_for_more() -> None:
    url = oauth.authorize_url(make_context(INFO, code_assist=True, **CLIENT), AuthorizeRequest("r", "s", "c"))
    assert "cloud-platform%20https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.email%20" in url


LOADED: JsonObject = {"currentTier": {"id": "standard-tier"}, "cloudaicompanionProject": "given"}
NEW: JsonObject = {"allowedTiers": [{"id": "legacy-tier"}, {"id": "free-tier", "isDefault": True}]}
PENDING: JsonObject = {"name": "operations/7", "done": False}
DONE: JsonObject = {"done": True, "response": {"cloudaicompanionProject": {"id": "made"}}}


@pytest.mark.parametrize(
    ("answers", "paths", "project"),
    [
        ([LOADED], [":loadCodeAssist"], "given"),
        ([NEW, DONE], [":loadCodeAssist", ":onboardUser"], "made"),
        ([NEW, PENDING, DONE], [":loadCodeAssist", ":onboardUser", "/operations/7"], "made"),
        ([{"currentTier": {"id": "free-tier"}}], [":loadCodeAssist"], None),
    ],
)
@pytest.mark.asyncio
async def test_the_project_is_asked_for_once_at_login(
    monkeypatch: pytest.MonkeyPatch, answers: list[JsonObject], paths: list[str], project: str | None
) -> None:
    monkeypatch.setattr(onboarding, "_POLL_SECONDS", 0)
    replies: list[tuple[int, JsonValue]] = [(200, TOKENS), *((200, answer) for answer in answers)]
    async with loopback(*((200, answer) for answer in answers)) as (assist, _):
        async with serve(INFO, replies[0], code_assist=True, code_assist_base_url=assist.base_url, **CLIENT) as served:
            granted = await oauth.exchange(served.context, GRANT)
    assert [request.target for request in assist.received] == [f"/v1internal{path}" for path in paths]
    assert all(request.headers["authorization"] == f"Bearer {ACCESS}" for request in assist.received)
    expected = {"service": "code-assist"} | ({"project": project} if project else {})
    assert granted.credential.details == expected
    first = assist.received[0].json
    assert isinstance(first, dict) and list(first) == ["metadata"]
    assert granted.notices == ()
    assert_silent(granted)


@pytest.mark.asyncio
async def test_a_named_project_is_used_but_not_on_the_free_tier() -> None:
    async with loopback((200, NEW), (200, DONE)) as (assist, _):
        async with serve(INFO, (200, TOKENS), code_assist_base_url=assist.base_url, **CLIENT) as served:
            await oauth.exchange(served.with_({"codeAssist": True, "quotaProject": "mine"}), GRANT)
    loaded, onboarded = (request.json for request in assist.received)
    assert isinstance(loaded, dict) and loaded["cloudaicompanionProject"] == "mine"
    assert isinstance(onboarded, dict) and onboarded["tierId"] == "free-tier"
    assert "cloudaicompanionProject" not in onboarded


@pytest.mark.asyncio
async def test_a_service_that_is_not_ready_costs_no_login() -> None:
    async with loopback((503, {})) as (assist, _):
        async with serve(INFO, (200, TOKENS), code_assist_base_url=assist.base_url, **CLIENT) as served:
            granted = await oauth.exchange(served.with_({"codeAssist": True}), GRANT)
    assert granted.credential.details == {"service": "code-assist"}
    assert len(granted.notices) == 1


def test_requests_are_wrapped() -> None:
    connection = oauth.authorised(signed_in(INFO, LOGIN), LOGIN)
    request = streaming.build_request(connection, ask(user("hi"), model="gemini-3.8-flash"))
    assert request.url == "https://cloudcode-pa.googleapis.com/v1internal:streamGenerateContent?alt=sse"
    assert request.headers == {"accept": "text/event-stream", "authorization": f"Bearer {ACCESS}"}
    assert request.json is not None
    assert len(str(request.json.pop("user_prompt_id"))) == 32
    assert request.json == {
        "model": "gemini-3.8-flash",
        "project": "p1",
        "request": {
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
            "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
        },
    }


@pytest.mark.asyncio
async def test_answers_are_unwrapped() -> None:
    wrapped = b"data: " + json.dumps(ANSWER).encode() + b"\r\n\r\n"
    async with loopback((200, wrapped), (200, ANSWER)) as (server, http):
        settings = on(code_assist_base_url=server.base_url)
        connection = oauth.authorised(signed_in(INFO, LOGIN, settings, http=http), LOGIN)
        stream = await streaming.open_stream(connection, ask())
        said = [message async for message in parse_stream(stream, "gemini")]
        asked = StructuredRequest(model="m", system="s", user="u", schema={"type": "object"}, max_tokens=10)
        reply = await audit.generate_structured(connection, lambda: asked)
    assert [message.text for message in said if isinstance(message, Content)] == ["Rome."]
    assert reply.text == "Rome."
    assert server.received[1].target == "/v1internal:generateContent"


@pytest.mark.asyncio
async def test_there_is_no_list_to_ask_for() -> None:
    found = await models.list_models(oauth.authorised(signed_in(INFO, LOGIN), LOGIN))
    assert found[0].name == "gemini-3.8-flash"
    assert len({model.id for model in found}) == len(found) > 1


def test_its_address_needs_https() -> None:
    with pytest.raises(MaestroError, match="codeAssistBaseUrl"):
        oauth.authorised(signed_in(INFO, LOGIN, on(code_assist_base_url="http://proxy.corp")), LOGIN)


# Gemini CLI's own login

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
PAST = datetime(2026, 1, 1, tzinfo=UTC)


def write(home: Path, ends: datetime, **more: JsonValue) -> dict[str, str]:
    (home / ".gemini").mkdir(exist_ok=True)
    content: JsonObject = {
        "access_token": ACCESS,
        "refresh_token": REFRESH,
        "id_token": jwt(email="dev@example.com"),
        "expiry_date": int(ends.timestamp() * 1000),
    }
    (home / ".gemini" / "oauth_creds.json").write_text(json.dumps(content | more))
    return {"HOME": str(home)}


@pytest.mark.parametrize("ends", [SOON, PAST])
def test_gemini_clis_login_is_always_listed(tmp_path: Path, ends: datetime) -> None:
    (profile,) = oauth.profiles(write(tmp_path, ends))
    assert (profile.id, profile.login_command) == ("gemini-cli", "gemini")
    assert (profile.credential.grant, profile.credential.expires_at) == ("profile", ends)
    assert profile.credential.refresh_token is None
    assert profile.identity is not None and profile.identity.email == "dev@example.com"
    assert_silent(profile)


def test_its_email_may_stand_in_another_file(tmp_path: Path) -> None:
    environment = write(tmp_path, SOON, id_token=None)
    (tmp_path / ".gemini" / "google_accounts.json").write_text('{"active": "other@example.com"}')
    (profile,) = oauth.profiles(environment)
    assert profile.identity is not None and profile.identity.email == "other@example.com"


def test_what_cannot_be_read_is_no_profile(tmp_path: Path) -> None:
    assert oauth.profiles({}) == oauth.profiles({"HOME": str(tmp_path)}) == []
    assert oauth.profiles(write(tmp_path, SOON, access_token=7)) == []


def test_it_is_of_use_only_where_somebody_takes_the_risk(tmp_path: Path) -> None:
    (profile,) = oauth.profiles(write(tmp_path, SOON))
    with pytest.raises(MaestroError, match="Google forbids") as caught:
        oauth.authorised(signed_in(INFO, profile.credential), profile.credential)
    assert caught.value.code == 4104
    connection = oauth.authorised(signed_in(INFO, profile.credential, on()), profile.credential)
    assert connection.base_url == "https://cloudcode-pa.googleapis.com"


def test_its_project_is_asked_for_when_it_is_used(tmp_path: Path) -> None:
    (profile,) = oauth.profiles(write(tmp_path, SOON))

    async def run() -> list[tuple[str, JsonValue]]:
        async with loopback((200, LOADED), (200, b"")) as (server, http):
            settings = on(code_assist_base_url=server.base_url)
            connection = oauth.authorised(signed_in(INFO, profile.credential, settings, http=http), profile.credential)
            await (await streaming.open_stream(connection, ask())).aclose()
        return [(request.target, request.json) for request in server.received]

    (first, _), (second, body) = asyncio.run(run())
    assert first == "/v1internal:loadCodeAssist"
    assert second == "/v1internal:streamGenerateContent?alt=sse"
    assert isinstance(body, dict) and body["project"] == "given"


def test_it_is_reread_and_never_renewed(tmp_path: Path) -> None:
    environment = write(tmp_path, SOON)
    (profile,) = oauth.profiles(environment)
    context = make_context(INFO, environment=environment)
    write(tmp_path, SOON + timedelta(hours=1))
    granted = asyncio.run(oauth.renew(context, profile.credential))
    assert granted.credential.expires_at == SOON + timedelta(hours=1)
    write(tmp_path, PAST)
    with pytest.raises(MaestroError, match="`gemini`") as caught:
        asyncio.run(oauth.renew(context, profile.credential))
    assert caught.value.code == 4003
