"""Anthropic's logins: what the token endpoint is asked, to the letter, and the headers of either kind of credential."""

import pytest

from maestro.errors import MaestroError
from maestro.failures import UpstreamError
from maestro.providers.anthropic import models, oauth, streaming
from maestro.providers.anthropic.config import INFO
from maestro.providers.oauth import AuthorizeRequest, CodeGrant, FixedRedirect
from maestro.store.credentials import NoCredential, OAuthCredential
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import OAuthSettings, ProviderSettings
from tests.unit.providers.oauth_support import (
    ACCESS,
    CODE,
    JSON,
    REFRESH,
    ROTATED,
    VERIFIER,
    assert_silent,
    make_context,
    serve,
    signed_in,
)
from tests.unit.providers.support import KEY, ask, connect, loopback, system, user

CLIENT = "9d1c250a-e61b-44d9-88ed-5944d1962f5e"
PAGE = "https://platform.claude.com/oauth/code/callback"
GRANT = CodeGrant(CODE, PAGE, VERIFIER, "state-1")
PATH = "/v1/oauth/token"
LOGIN = OAuthCredential(ACCESS, REFRESH, client_id=CLIENT)
IDENTITY = OAuthCredential(ACCESS, REFRESH, details={"identity": "claude-code"})
TOKENS: JsonObject = {"token_type": "Bearer", "access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 28_800}


def test_the_authorize_url_to_the_letter() -> None:
    assert oauth.authorize_url(make_context(INFO), AuthorizeRequest(PAGE, "st-1", "ch-1")) == (
        f"https://claude.com/cai/oauth/authorize?code=true&client_id={CLIENT}&response_type=code"
        "&redirect_uri=https%3A%2F%2Fplatform.claude.com%2Foauth%2Fcode%2Fcallback"
        "&scope=org%3Acreate_api_key%20user%3Aprofile%20user%3Ainference%20user%3Asessions%3Aclaude_code"
        "%20user%3Amcp_servers%20user%3Afile_upload&code_challenge=ch-1&code_challenge_method=S256&state=st-1"
    )


def test_every_part_of_the_authorize_url_is_a_setting() -> None:
    context = make_context(
        INFO,
        authorize_url="https://gate/a",
        client_id="ours",
        redirect_uri="https://gate/code",
        scopes=["user:inference"],
    )
    assert oauth.redirect(context, "paste") == FixedRedirect("https://gate/code")
    url = oauth.authorize_url(context, AuthorizeRequest("https://gate/code", "s", "c"))
    assert url.startswith("https://gate/a?code=true&client_id=ours&")
    assert "&scope=user%3Ainference&" in url


def test_the_page_that_shows_the_code() -> None:
    assert oauth.redirect(make_context(INFO), "paste") == FixedRedirect(PAGE)


@pytest.mark.parametrize("setting", ["authorize_url", "redirect_uri", "token_url"])
@pytest.mark.asyncio
async def test_endpoints_without_https_are_refused(setting: str) -> None:
    context = make_context(INFO, **{setting: "http://claude.example"})
    with pytest.raises(MaestroError, match=setting.split("_")[0]) as caught:
        oauth.authorize_url(context, AuthorizeRequest(PAGE, "s", "c"))
        oauth.redirect(context, "paste")
        await oauth.exchange(context, GRANT)
    assert caught.value.code == 4004


@pytest.mark.asyncio
async def test_the_exchange_is_json() -> None:
    owner: JsonObject = {"account": {"uuid": "u-1", "email_address": "dev@example.com"}}
    async with serve(INFO, (200, TOKENS | owner), path=PATH) as served:
        granted = await oauth.exchange(served.context, GRANT)
    (sent,) = served.requests
    assert (sent.method, sent.path, sent.headers["content-type"]) == ("POST", PATH, JSON)
    assert "anthropic-beta" not in sent.headers
    assert sent.body.decode() == (
        f'{{"grant_type":"authorization_code","code":"{CODE}","state":"state-1","client_id":"{CLIENT}",'
        f'"redirect_uri":"{PAGE}","code_verifier":"{VERIFIER}"}}'
    )
    credential = granted.credential
    assert (credential.access_token, credential.refresh_token, credential.client_id) == (ACCESS, REFRESH, CLIENT)
    assert (credential.account_id, dict(credential.details)) == ("u-1", {})
    assert granted.identity is not None and granted.identity.email == "dev@example.com"
    assert ["Anthropic refuses" in notice for notice in granted.notices] == [True]
    assert_silent(granted, GRANT)


@pytest.mark.asyncio
async def test_a_client_of_ones_own_needs_no_warning() -> None:
    async with serve(INFO, (200, TOKENS), path=PATH, client_id="ours") as served:
        granted = await oauth.exchange(served.context, GRANT)
    assert (granted.notices, granted.credential.client_id, granted.identity) == ((), "ours", None)


@pytest.mark.asyncio
async def test_a_refresh_is_json_and_rotates() -> None:
    async with serve(INFO, (200, TOKENS | {"access_token": "a2", "refresh_token": ROTATED}), path=PATH) as served:
        granted = await oauth.renew(served.context, LOGIN)
    (sent,) = served.requests
    assert (sent.headers["content-type"], sent.headers["anthropic-beta"]) == (JSON, "oauth-2025-04-20")
    assert sent.body.decode() == f'{{"grant_type":"refresh_token","refresh_token":"{REFRESH}","client_id":"{CLIENT}"}}'
    assert (granted.credential.access_token, granted.credential.refresh_token) == ("a2", ROTATED)


@pytest.mark.asyncio
async def test_a_refresh_keeps_what_is_not_repeated() -> None:
    async with serve(INFO, (200, {"access_token": "a2"}), path=PATH, betas=[]) as served:
        granted = await oauth.renew(served.context, IDENTITY)
    assert granted.credential.refresh_token == REFRESH
    assert granted.credential.details == {"identity": "claude-code"}
    assert "anthropic-beta" not in served.requests[0].headers


@pytest.mark.parametrize(
    ("status", "body", "permanent"),
    [
        (400, {"error": "invalid_grant", "error_description": "Refresh token not found or invalid"}, True),
        (401, {"type": "error", "error": {"type": "authentication_error", "message": "no"}}, True),
        (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, False),
        (403, {}, False),
        (429, {}, False),
        (529, {"type": "error", "error": {"type": "overloaded_error"}}, False),
    ],
)
@pytest.mark.asyncio
async def test_which_failures_of_a_refresh_are_permanent(status: int, body: JsonObject, permanent: bool) -> None:
    async with serve(INFO, (status, body), path=PATH) as served:
        with pytest.raises(UpstreamError) as caught:
            await oauth.renew(served.context, LOGIN)
    assert (caught.value.failure.kind == "auth_invalid") is permanent
    assert caught.value.failure.kind != "auth_expired"
    assert_silent(caught.value, caught.value.failure)


@pytest.mark.asyncio
async def test_there_is_nothing_to_revoke_at() -> None:
    async with serve(INFO, path=PATH) as served:
        await oauth.revoke(served.context, LOGIN)
    assert served.requests == []


# Headers


def headers(credential: OAuthCredential | None, betas: list[str], own: list[str] | None = None, **extra: str) -> object:
    settings = ProviderSettings(betas=betas, oauth=OAuthSettings(betas=own), headers=extra)
    connection = signed_in(INFO, credential, settings) if credential else connect(INFO, settings)
    request = streaming.build_request(connection, ask())
    assert_silent(request, connection)
    return dict(request.headers)


VERSION = {"accept": "text/event-stream", "anthropic-version": "2023-06-01"}
BEARER = VERSION | {"authorization": f"Bearer {ACCESS}"}
BY_KEY = VERSION | {"x-api-key": KEY}


def test_the_headers_of_an_api_key() -> None:
    assert headers(None, []) == BY_KEY
    assert headers(None, ["a", "b,a"]) == BY_KEY | {"anthropic-beta": "a,b"}
    assert headers(None, ["", " "]) == BY_KEY


def test_the_headers_of_an_oauth_token() -> None:
    assert headers(LOGIN, []) == BEARER | {"anthropic-beta": "oauth-2025-04-20"}
    assert headers(LOGIN, ["a", "b"]) == BEARER | {"anthropic-beta": "a,b,oauth-2025-04-20"}
    assert headers(LOGIN, ["a,oauth-2025-04-20", "b"]) == BEARER | {"anthropic-beta": "a,oauth-2025-04-20,b"}
    assert headers(LOGIN, ["a"], ["oauth-2027"]) == BEARER | {"anthropic-beta": "a,oauth-2027"}
    assert headers(LOGIN, [], []) == BEARER
    merged = headers(LOGIN, ["a"], **{"Anthropic-Beta": "c,a"})
    assert merged == BEARER | {"anthropic-beta": "a,oauth-2025-04-20,c"}


def test_the_headers_of_claude_codes_identity() -> None:
    assert headers(IDENTITY, ["a"]) == BEARER | {
        "anthropic-beta": "claude-code-20250219,a,oauth-2025-04-20",
        "user-agent": "claude-cli/2.1.62 (external, cli)",
        "x-app": "cli",
    }


def test_no_credential_sends_none() -> None:
    request = streaming.build_request(connect(INFO, credential=NoCredential()), ask())
    assert request.headers == VERSION


@pytest.mark.asyncio
async def test_both_kinds_ask_the_same_endpoints() -> None:
    page = {"data": [], "has_more": False}
    async with loopback(*[(200, page), (200, b"")] * 2) as (server, http):
        for connection in (
            connect(INFO, base_url=server.base_url, http=http),
            signed_in(INFO, LOGIN, base_url=server.base_url, http=http),
        ):
            await models.list_models(connection)
            await (await streaming.open_stream(connection, ask())).aclose()
    by_key, by_token = server.received[:2], server.received[2:]
    assert [sent.target for sent in by_key] == [sent.target for sent in by_token]
    assert [sent.target for sent in by_key] == ["/v1/models?limit=1000", "/v1/messages"]
    assert by_key[1].json == by_token[1].json
    assert by_key[1].headers["content-type"] == by_token[1].headers["content-type"] == JSON
    assert all("x-api-key" in sent.headers and "authorization" not in sent.headers for sent in by_key)
    assert all("authorization" in sent.headers and "x-api-key" not in sent.headers for sent in by_token)


# Claude Code's identity

BLOCK = {"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude."}


def test_the_identity_is_off_unless_somebody_wants_it() -> None:
    assert not oauth.questions(make_context(INFO), "paste")
    assert not oauth.questions(
        make_context(INFO, claude_code_identity=True, options={"claudeCodeIdentity": False}), "paste"
    )
    assert streaming.build_request(signed_in(INFO, LOGIN), ask(system("Be brief."), user("hi"))).json == {
        "model": "m",
        "max_tokens": 8192,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "stream": True,
    }


@pytest.mark.parametrize(("options", "setting"), [({"claudeCodeIdentity": True}, False), ({}, True)])
def test_the_identity_is_asked_about(options: JsonObject, setting: bool) -> None:
    (field,) = oauth.questions(make_context(INFO, options=options, claude_code_identity=setting), "paste")
    assert (field.key, field.secret) == ("consent", False)
    assert "Anthropic forbids" in field.label


@pytest.mark.parametrize(
    ("answer", "agrees"), [("yes", True), (" TRUE ", True), ("agree", True), ("no", False), ("nope", False)]
)
def test_only_a_yes_is_a_yes(answer: str, agrees: bool) -> None:
    context = make_context(INFO, options={"claudeCodeIdentity": True}, inputs={"consent": answer})
    if agrees:
        assert not oauth.questions(context, "paste")
        return
    with pytest.raises(MaestroError) as caught:
        oauth.questions(context, "paste")
    assert caught.value.code == 4005


@pytest.mark.asyncio
async def test_the_session_remembers_the_identity() -> None:
    async with serve(INFO, (200, TOKENS), path=PATH) as served:
        granted = await oauth.exchange(served.with_({"claudeCodeIdentity": True}, consent="yes"), GRANT)
    assert granted.credential.details == {"identity": "claude-code"}
    assert granted.notices == ()


@pytest.mark.parametrize(
    ("said", "blocks"), [((), [BLOCK]), ((system("Be brief."),), [BLOCK, {"type": "text", "text": "Be brief."}])]
)
def test_the_identity_speaks_first(said: tuple, blocks: list[JsonObject]) -> None:  # type: ignore[type-arg]
    request = streaming.build_request(signed_in(INFO, IDENTITY), ask(*said, user("hi")))
    assert request.json is not None and request.json["system"] == blocks


def test_the_policy_stands_in_the_list_of_providers() -> None:
    (_, way) = INFO.auth_types
    assert way.flows == ["paste", "profile", "workloadIdentity"]
    assert way.notes is not None and "forbids" in way.notes
