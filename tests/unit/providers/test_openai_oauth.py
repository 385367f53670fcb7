"""OpenAI's logins: what the auth server is asked, to the letter, and what becomes of its answers."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from maestro.errors import MaestroError
from maestro.failures import UpstreamError
from maestro.providers.oauth import AuthorizeRequest, CodeGrant, DeviceCode, FixedRedirect, LoopbackRedirect
from maestro.providers.openai import issuer, oauth, plans
from maestro.providers.openai.config import INFO
from maestro.store.credentials import OAuthCredential
from maestro_protocol.base import JsonObject, JsonValue
from tests.unit.providers.oauth_support import (
    ACCESS,
    CODE,
    JSON,
    REFRESH,
    ROTATED,
    VERIFIER,
    assert_silent,
    form,
    jwt,
    make_context,
    serve,
)

CLIENT = "app_EMoamEEZ73f0CkXaXp7hrann"
GRANT = CodeGrant(CODE, "http://localhost:1455/auth/callback", VERIFIER, "s")
KEY = "canary-key-of-the-platform"
CALLBACK = "http%3A%2F%2Flocalhost%3A1455%2Fauth%2Fcallback"


def id_token(plan: str | None = "plus", email: str = "dev@example.com", **more: JsonValue) -> str:
    auth: JsonObject = {"chatgpt_account_id": "acc-1", **({"chatgpt_plan_type": plan} if plan else {}), **more}
    return jwt(email=email, **{"https://api.openai.com/auth": auth})


def tokens(**more: JsonValue) -> JsonObject:
    return {"id_token": id_token(), "access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 600} | more


def stored(**more: object) -> OAuthCredential:
    values: dict[str, object] = {"refresh_token": REFRESH, "id_token": id_token(), "account_id": "acc-1"}
    return OAuthCredential(ACCESS, **(values | {"client_id": CLIENT} | more))  # type: ignore[arg-type]


def test_the_authorize_url_to_the_letter() -> None:
    asked = AuthorizeRequest("http://localhost:1455/auth/callback", "st~1", "ch-1")
    assert oauth.authorize_url(make_context(INFO), asked) == (
        f"https://auth.openai.com/oauth/authorize?response_type=code&client_id={CLIENT}&redirect_uri={CALLBACK}"
        "&scope=openid%20profile%20email%20offline_access%20api.connectors.read%20api.connectors.invoke"
        "&code_challenge=ch-1&code_challenge_method=S256&id_token_add_organizations=true"
        "&codex_cli_simplified_flow=true&state=st~1&originator=codex_cli_rs"
    )


def test_settings_and_options_change_the_authorize_url() -> None:
    context = make_context(
        INFO,
        issuer="https://login.corp/",
        client_id="ours",
        scopes=["openid", "email"],
        options={"workspaceIds": ["a", "b"]},
    )
    url = oauth.authorize_url(context, AuthorizeRequest("http://localhost:1/auth/callback", "s", "c"))
    assert url.startswith("https://login.corp/oauth/authorize?response_type=code&client_id=ours&")
    assert "&scope=openid%20email&" in url
    assert url.endswith("&originator=codex_cli_rs&allowed_workspace_id=a%2Cb")


def test_the_client_of_the_environment() -> None:
    context = make_context(INFO, environment={"OPENAI_OAUTH_CLIENT_ID": " theirs "})
    assert issuer.client(context) == "theirs"


def test_where_the_browser_returns_to() -> None:
    plain, own = make_context(INFO), make_context(INFO, ports=[7000])
    assert oauth.redirect(plain, "loopback") == LoopbackRedirect("localhost", "/auth/callback", (1455, 1457))
    assert oauth.redirect(plain, "paste") == FixedRedirect("http://localhost:1455/auth/callback")
    assert oauth.redirect(own, "loopback") == LoopbackRedirect("localhost", "/auth/callback", [7000])
    assert oauth.redirect(own, "paste") == FixedRedirect("http://localhost:7000/auth/callback")


@pytest.mark.parametrize(
    "url", ["http://auth.corp", "ftp://localhost", "http://localhost@evil", "https://", "nonsense"]
)
def test_an_issuer_without_https_is_refused(url: str) -> None:
    with pytest.raises(MaestroError) as caught:
        oauth.authorize_url(make_context(INFO, issuer=url), AuthorizeRequest("r", "s", "c"))
    assert caught.value.code == 4004
    assert "providers.openai.oauth.issuer" in caught.value.message
    assert url == "https://" or url not in caught.value.message


def test_there_is_nothing_to_ask() -> None:
    assert not oauth.questions(make_context(INFO, options={"mode": "auto", "modeRule": "2025-08"}), "loopback")


@pytest.mark.parametrize("options", [{"mode": "both"}, {"mode": 1}, {"modeRule": "2024"}, {"workspaceIds": [1]}])
def test_options_that_do_not_fit_are_told_before_the_browser_opens(options: JsonObject) -> None:
    with pytest.raises(MaestroError) as caught:
        oauth.questions(make_context(INFO, options=options), "loopback")
    assert caught.value.code == -32602
    assert f"options.{next(iter(options))}" in caught.value.message


@pytest.mark.asyncio
async def test_the_exchange_and_its_second_stage_are_forms() -> None:
    raw = id_token()
    async with serve(INFO, (200, tokens(id_token=raw)), (200, {"access_token": KEY})) as served:
        granted = await oauth.exchange(served.context, GRANT)
    first, second = served.requests
    assert [request.path for request in served.requests] == ["/oauth/token", "/oauth/token"]
    assert form(first) == [
        ("grant_type", "authorization_code"),
        ("code", CODE),
        ("redirect_uri", "http://localhost:1455/auth/callback"),
        ("client_id", CLIENT),
        ("code_verifier", VERIFIER),
    ]
    assert form(second) == [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client_id", CLIENT),
        ("requested_token", "openai-api-key"),
        ("subject_token", raw),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
    ]
    credential = granted.credential
    assert (credential.access_token, credential.refresh_token, credential.id_token) == (ACCESS, REFRESH, raw)
    assert (credential.api_key, credential.account_id, credential.client_id) == (KEY, "acc-1", CLIENT)
    assert credential.details == {"mode": "chatgpt", "mode_rule": "current"}
    assert granted.identity is not None
    assert granted.identity.to_wire() == {"email": "dev@example.com", "plan": "plus", "accountId": "acc-1"}
    assert (granted.mode, granted.modes, granted.notices) == ("chatgpt", ("chatgpt", "api_key"), ())
    assert_silent(granted, credential, GRANT)
    assert KEY not in repr(granted)


@pytest.mark.asyncio
async def test_a_failed_second_stage_is_no_failed_login() -> None:
    async with serve(INFO, (200, tokens()), (401, {"error": {"code": "invalid_subject_token"}})) as served:
        granted = await oauth.exchange(served.context, GRANT)
    assert (granted.mode, granted.modes, granted.credential.api_key) == ("chatgpt", ("chatgpt",), None)
    assert ["ChatGPT mode only" in notice for notice in granted.notices] == [True]


@pytest.mark.asyncio
async def test_a_second_stage_that_hangs_costs_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer, "_EXCHANGE_SECONDS", 0.05)
    async with serve(INFO, (200, tokens())) as served:
        fetch, asked = served.context.http.fetch, 0

        async def hanging(request: object) -> object:
            nonlocal asked
            asked += 1
            return await (fetch(request) if asked == 1 else asyncio.sleep(60))  # type: ignore[arg-type]

        monkeypatch.setattr(type(served.context.http), "fetch", lambda _, request: hanging(request))
        granted = await oauth.exchange(served.context, GRANT)
    assert granted.modes == ("chatgpt",)


@pytest.mark.asyncio
async def test_chatgpt_mode_alone_asks_for_no_key() -> None:
    async with serve(INFO, (200, tokens(id_token=id_token("nonsense")))) as served:
        granted = await oauth.exchange(served.with_({"mode": "chatgpt"}), GRANT)
    assert (granted.mode, granted.modes, granted.notices) == ("chatgpt", ("chatgpt",), ())


@pytest.mark.asyncio
async def test_api_key_mode_on_request() -> None:
    async with serve(INFO, (200, tokens()), (200, {"access_token": KEY})) as served:
        granted = await oauth.exchange(served.with_({"mode": "api_key"}), GRANT)
    assert (granted.mode, granted.modes) == ("api_key", ("chatgpt", "api_key"))
    assert granted.credential.details["mode"] == "api_key"


PLANS = [*plans.PERSONAL, *plans.WORKSPACE, "brand_new", "<b>x</b>", None]


@pytest.mark.parametrize("plan", PLANS)
def test_the_rule_of_today_is_chatgpt_for_every_plan(plan: str | None) -> None:
    choice = plans.choose("current", plan, "a@b.c")
    assert choice.mode == "chatgpt"
    assert (choice.notice is None) == (plan in (*plans.PERSONAL, *plans.WORKSPACE))
    assert "<b>" not in (choice.notice or "")


@pytest.mark.parametrize("plan", PLANS)
def test_the_rule_of_2025_exchanges_with_a_warning(plan: str | None) -> None:
    choice = plans.choose("2025-08", plan, "a@b.c")
    assert choice.mode == ("chatgpt" if plan in ("free", "plus", "pro", "team") else "api_key")
    assert (choice.notice is None) == (choice.mode == "chatgpt")
    assert "<b>" not in (choice.notice or "")
    staff = plans.choose("2025-08", plan, "Someone@OpenAI.com")
    assert (staff.mode, staff.notice) == ("chatgpt", None)


@pytest.mark.parametrize(("options", "setting"), [({"modeRule": "2025-08"}, None), ({}, "2025-08")])
@pytest.mark.asyncio
async def test_the_rule_of_2025_per_session_and_by_setting(options: JsonObject, setting: str | None) -> None:
    answers = ((200, tokens(id_token=id_token("business"))), (200, {"access_token": KEY}))
    async with serve(INFO, *answers, mode_rule=setting) as served:
        granted = await oauth.exchange(served.with_(options), GRANT)
    assert (granted.mode, granted.credential.details["mode_rule"]) == ("api_key", "2025-08")
    assert "`business`" in granted.notices[0]


@pytest.mark.asyncio
async def test_the_session_rule_wins_over_the_setting() -> None:
    answers = ((200, tokens(id_token=id_token("business"))), (200, {"access_token": KEY}))
    async with serve(INFO, *answers, mode_rule="2025-08") as served:
        granted = await oauth.exchange(served.with_({"modeRule": "current"}), GRANT)
    assert granted.mode == "chatgpt"


@pytest.mark.asyncio
async def test_the_account_is_read_from_the_access_token_too() -> None:
    access = jwt(
        **{
            "https://api.openai.com/auth": {"chatgpt_account_id": "acc-9", "chatgpt_account_is_fedramp": True},
            "https://api.openai.com/profile": {"email": "x@y.z"},
        }
    )
    async with serve(INFO, (200, {"access_token": access})) as served:
        granted = await oauth.exchange(served.context, GRANT)
    assert granted.credential.account_id == "acc-9"
    assert granted.credential.details["fedramp"] == "true"
    assert granted.identity is not None and granted.identity.email == "x@y.z"


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ({"access_token": ACCESS, "expires_in": 600}, 600),
        ({"access_token": jwt(iat=1_000, exp=1_900)}, 900),
        ({"access_token": jwt(iat=1_000, exp=1_900), "expires_in": 0}, 900),
        ({"access_token": jwt(exp=1_900)}, 3600),
        ({"access_token": ACCESS}, 3600),
    ],
)
@pytest.mark.asyncio
async def test_expiry_is_measured_by_our_clock(answer: JsonObject, seconds: float) -> None:
    async with serve(INFO, (200, answer)) as served:
        granted = await oauth.exchange(served.with_({"mode": "chatgpt"}), GRANT)
    ends = granted.credential.expires_at
    assert ends is not None
    assert abs(ends - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(seconds=5)


@pytest.mark.asyncio
async def test_an_answer_without_tokens_is_malformed() -> None:
    async with serve(INFO, (200, {"refresh_token": REFRESH, "access_token": ""})) as served:
        with pytest.raises(UpstreamError) as caught:
            await oauth.exchange(served.context, GRANT)
    assert caught.value.failure.kind == "malformed"
    assert_silent(caught.value, caught.value.failure, caught.value.__context__)


@pytest.mark.asyncio
async def test_a_refusal_that_repeats_what_was_sent_is_told_without_it() -> None:
    told = {"error": "invalid_grant", "error_description": f"no {VERIFIER} for {CODE[:15]}"}
    async with serve(INFO, (400, told)) as served:
        with pytest.raises(UpstreamError) as caught:
            await oauth.exchange(served.context, GRANT)
    assert caught.value.http_status == 400
    assert_silent(caught.value, caught.value.failure)
    assert caught.value.__context__ is None and caught.value.__cause__ is None


@pytest.mark.asyncio
async def test_a_refresh_is_json_and_rotates() -> None:
    async with serve(INFO, (200, tokens(access_token="a2", refresh_token=ROTATED))) as served:
        granted = await oauth.renew(served.context, stored(api_key=KEY, details={"mode": "chatgpt"}))
    (sent,) = served.requests
    assert (sent.method, sent.path, sent.headers["content-type"]) == ("POST", "/oauth/token", JSON)
    assert sent.body.decode() == f'{{"client_id":"{CLIENT}","grant_type":"refresh_token","refresh_token":"{REFRESH}"}}'
    credential = granted.credential
    assert (credential.access_token, credential.refresh_token, credential.api_key) == ("a2", ROTATED, KEY)
    assert granted.modes == ("chatgpt", "api_key")


@pytest.mark.parametrize("answer", [{}, {"access_token": "", "refresh_token": "", "id_token": ""}])
@pytest.mark.asyncio
async def test_what_a_refresh_does_not_repeat_is_kept(answer: JsonObject) -> None:
    old = stored(expires_at=datetime(2026, 1, 1, tzinfo=UTC), details={"mode": "chatgpt", "mode_rule": "current"})
    async with serve(INFO, (200, answer)) as served:
        granted = await oauth.renew(served.context, old)
    assert granted.credential == old


@pytest.mark.asyncio
async def test_another_account_is_told_to_the_caller() -> None:
    other = jwt(**{"https://api.openai.com/auth": {"chatgpt_account_id": "acc-2"}})
    async with serve(INFO, (200, {"access_token": "a2", "id_token": other})) as served:
        granted = await oauth.renew(served.context, stored())
    assert granted.credential.account_id == "acc-2"


@pytest.mark.parametrize(
    ("details", "options"), [({"mode": "api_key"}, {}), ({"mode": "chatgpt"}, {"mode": "api_key"})]
)
@pytest.mark.asyncio
async def test_in_api_key_mode_the_new_id_token_is_exchanged_too(details: dict[str, str], options: JsonObject) -> None:
    fresh = id_token("pro")
    async with serve(INFO, (200, {"id_token": fresh}), (200, {"access_token": "sk-new"})) as served:
        granted = await oauth.renew(served.with_(options), stored(api_key=KEY, details=details))
    assert dict(form(served.requests[1]))["subject_token"] == fresh
    assert (granted.credential.api_key, granted.mode) == ("sk-new", "api_key")


@pytest.mark.asyncio
async def test_a_key_that_cannot_be_renewed_is_kept() -> None:
    async with serve(INFO, (200, tokens()), (500, {})) as served:
        granted = await oauth.renew(served.context, stored(api_key=KEY, details={"mode": "api_key"}))
    assert granted.credential.api_key == KEY


PERMANENT = [
    (400, {"error": {"code": "refresh_token_expired"}}),
    (400, {"error": "refresh_token_reused"}),
    (403, {"code": "refresh_token_invalidated"}),
    (500, {"error": {"code": "refresh_token_reused", "message": "x", "type": "invalid_request_error"}}),
    (401, {"error": {"code": "token_expired"}}),
    (401, {"detail": "no"}),
    (401, {}),
]
PASSING = [
    (400, {"error": "invalid_grant"}),
    (400, {"error": {"code": "invalid_api_key"}}),
    (403, {}),
    (429, {}),
    (500, {}),
    (503, {"error": {"code": "server_is_overloaded"}}),
]


@pytest.mark.parametrize(("status", "body"), PERMANENT)
@pytest.mark.asyncio
async def test_permanent_failures_of_a_refresh(status: int, body: JsonObject) -> None:
    async with serve(INFO, (status, body)) as served:
        with pytest.raises(UpstreamError) as caught:
            await oauth.renew(served.context, stored())
    assert (caught.value.failure.kind, caught.value.http_status) == ("auth_invalid", status)


@pytest.mark.parametrize(("status", "body"), PASSING)
@pytest.mark.asyncio
async def test_failures_of_a_refresh_that_pass(status: int, body: JsonObject) -> None:
    async with serve(INFO, (status, body)) as served:
        with pytest.raises(UpstreamError) as caught:
            await oauth.renew(served.context, stored())
    assert not caught.value.failure.kind.startswith("auth_")


@pytest.mark.asyncio
async def test_without_a_refresh_token_nothing_is_sent() -> None:
    async with serve(INFO) as served:
        with pytest.raises(UpstreamError) as caught:
            await oauth.renew(served.context, stored(refresh_token=None))
    assert (caught.value.failure.kind, served.requests) == ("auth_invalid", [])


@pytest.mark.asyncio
async def test_a_login_is_revoked_by_its_refresh_token() -> None:
    async with serve(INFO, (200, {}), (200, {}), (500, {})) as served:
        await oauth.revoke(served.context, stored())
        await oauth.revoke(served.context, stored(refresh_token=None))
        with pytest.raises(UpstreamError):
            await oauth.revoke(served.context, stored())
        await oauth.revoke(served.context, stored(grant="profile"))
    first, second, _ = served.requests
    assert (first.method, first.path, first.headers["content-type"]) == ("POST", "/oauth/revoke", JSON)
    assert first.json == {"token": REFRESH, "token_type_hint": "refresh_token", "client_id": CLIENT}
    assert second.json == {"token": ACCESS, "token_type_hint": "access_token"}


@pytest.mark.asyncio
async def test_a_revocation_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth, "_REVOKE_SECONDS", 0.01)
    context = make_context(INFO)
    monkeypatch.setattr(type(context.http), "fetch", lambda *_: asyncio.sleep(60))
    with pytest.raises(UpstreamError) as caught:
        await oauth.revoke(context, stored())
    assert caught.value.failure.kind == "network"


# With a device code

DEVICE = {"device_auth_id": "dev-1", "user_code": "ABCD-1234", "interval": "5"}
GIVEN = {"authorization_code": CODE, "code_challenge": "c", "code_verifier": VERIFIER}


@pytest.mark.parametrize("spelling", ["user_code", "usercode"])
@pytest.mark.asyncio
async def test_a_device_login_starts_with_a_code(spelling: str) -> None:
    answer: JsonObject = {"device_auth_id": "dev-1", spelling: "ABCD-1234", "interval": "5"}
    async with serve(INFO, (200, answer)) as served:
        code = await oauth.start_device(served.context)
    (sent,) = served.requests
    assert (sent.path, sent.json) == ("/api/accounts/deviceauth/usercode", {"client_id": CLIENT})
    assert code == DeviceCode("ABCD-1234", f"{served.url}/codex/device", 5.0, 900.0, "dev-1")
    assert "dev-1" not in repr(code) and "ABCD" not in repr(code)


@pytest.mark.asyncio
async def test_a_device_login_that_is_not_offered() -> None:
    async with serve(INFO, (404, {})) as served:
        with pytest.raises(MaestroError) as caught:
            await oauth.start_device(served.context)
    assert caught.value.code == 4004


@pytest.mark.asyncio
async def test_a_device_waits_and_then_redeems_the_code_at_the_services_own_address() -> None:
    answers = ((403, {}), (404, {}), (200, GIVEN), (200, tokens()))
    async with serve(INFO, *answers) as served:
        code = DeviceCode("ABCD-1234", "", 5.0, 900.0, "dev-1")
        assert [await oauth.poll_device(served.context, code) for _ in range(2)] == [None, None]
        grant = await oauth.poll_device(served.context, code)
        assert grant == CodeGrant(CODE, f"{served.url}/deviceauth/callback", VERIFIER)
        granted = await oauth.exchange(served.context, grant)
    assert served.requests[0].path == "/api/accounts/deviceauth/token"
    assert served.requests[0].json == {"device_auth_id": "dev-1", "user_code": "ABCD-1234"}
    assert dict(form(served.requests[3]))["redirect_uri"] == f"{served.url}/deviceauth/callback"
    assert granted.modes == ("chatgpt",)


@pytest.mark.parametrize(("status", "kind"), [(400, None), (410, None), (429, "rate_limited"), (500, "server")])
@pytest.mark.asyncio
async def test_a_device_that_is_refused(status: int, kind: str | None) -> None:
    async with serve(INFO, (status, {})) as served:
        with pytest.raises((MaestroError, UpstreamError)) as caught:
            await oauth.poll_device(served.context, DeviceCode("ABCD-1234", "", 5.0, 900.0, "dev-1"))
    error = caught.value
    assert (error.failure.kind if isinstance(error, UpstreamError) else None) == kind
    assert kind or (isinstance(error, MaestroError) and error.code == 4004)
