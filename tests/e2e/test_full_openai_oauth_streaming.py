"""A whole day with an OpenAI login, once in each mode, and which mode `auto` takes for which account."""

from pathlib import Path

import pytest

from maestro.providers.openai.config import CLIENT_VERSION
from maestro_protocol.base import JsonObject
from tests.e2e.oauth_journey import (
    CAPITAL,
    Journey,
    World,
    fields,
    journey,
    query,
    sent,
    simulated_only,
    tell,
    world,
)
from tests.simulators import chatgpt
from tests.simulators.openai_auth import CODEX_CLIENT, Account

pytestmark = journey

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
FORM = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
JSON = {"accept": "application/json", "content-type": "application/json"}
STREAM = {"accept": "text/event-stream", "content-type": "application/json"}


def test_a_day_in_chatgpt_mode(tmp_path: Path) -> None:
    with world("openai", tmp_path) as openai, openai.server() as client:
        day = Journey(openai, client)
        session = day.sign_in(options={"mode": "chatgpt"})
        assert (session["mode"], session["modes"]) == ("chatgpt", ["chatgpt"])
        if openai.shows("the requests of the login"):
            check_address(client.received())
            check_exchange(openai)
            assert openai.requests("/oauth/token")[1:] == []
        models = day.list_models()
        day.ask_both()
        if openai.shows("the headers of ChatGPT mode"):
            assert models == [f"openai/{name}" for name in chatgpt.SHOWN]
            check_chatgpt_requests(openai, session)
        day.interrupt_and_recover()
        day.outlive_the_access_token()
        day.refresh()
        if openai.shows("the headers after the refreshes"):
            check_refreshes(openai, after=1)
            check_chatgpt_requests(openai, session)
            assert openai.requests("/v1/responses") == []
        day.clean_up(revoked=True)
        if openai.shows("the request that revoked"):
            check_revocation(openai)
        day.end()


def test_a_day_in_api_key_mode(tmp_path: Path) -> None:
    with world("openai", tmp_path) as openai, openai.server() as client:
        day = Journey(openai, client)
        session = day.sign_in(options={"mode": "api_key"})
        assert (session["mode"], session["modes"]) == ("api_key", ["chatgpt", "api_key"])
        if openai.shows("the requests of both stages of the login"):
            check_address(client.received())
            check_exchange(openai)
            check_second_stage(openai)
        day.list_models()
        day.ask_both()
        day.interrupt_and_recover()
        if openai.shows("a key that ends"):
            check_key_requests(openai)
            lose_the_key(day)
        day.refresh()
        if openai.shows("the headers after the refreshes"):
            check_key_requests(openai)
            assert openai.requests("/codex/responses") == []
        day.clean_up(revoked=True)
        if openai.shows("the request that revoked"):
            check_revocation(openai)
        day.end()


@simulated_only
@pytest.mark.parametrize("by_setting", [False, True], ids=["option", "setting"])
@pytest.mark.parametrize(
    ("rule", "plan", "mode"),
    [
        ("current", "plus", "chatgpt"),
        ("current", "business", "chatgpt"),
        ("2025-08", "plus", "chatgpt"),
        ("2025-08", "business", "api_key"),
    ],
)
def test_the_mode_auto_takes(tmp_path: Path, rule: str, plan: str, mode: str, by_setting: bool) -> None:
    settings = {"MAESTRO_PROVIDERS__OPENAI__OAUTH__MODE_RULE": rule} if by_setting else {}
    with world("openai", tmp_path, **settings) as openai, openai.server() as client:
        openai.service.auth.account = Account(plan=plan)
        day = Journey(openai, client)
        session = day.sign_in(options={"mode": "auto"} if by_setting else {"mode": "auto", "modeRule": rule})

        assert (session["mode"], session["identity"]["plan"]) == (mode, plan)
        assert session["modes"] == ["chatgpt", "api_key"]
        told = [shown["message"] for shown in client.notifications("window/showMessage")]
        warnings = [text for text in told if f"`{plan}`" in text and "2025-08" in text and "API key" in text]
        assert len(warnings) == (1 if mode == "api_key" else 0)
        day.list_models()
        day.ask(CAPITAL, "Paris")
        if mode == "api_key":
            check_key_requests(openai)
        else:
            beta = {"openai-beta": "responses=experimental"} if rule == "2025-08" else {}
            check_chatgpt_requests(openai, session, **beta)
        day.clean_up(revoked=True)
        day.end()


@simulated_only
def test_a_failed_second_stage_is_no_failed_login(tmp_path: Path) -> None:
    with world("openai", tmp_path) as openai, openai.server() as client:
        openai.service.auth.account = Account(organization_id=None)
        day = Journey(openai, client)
        session = day.sign_in(options={"mode": "api_key"})

        assert (session["mode"], session["modes"]) == ("chatgpt", ["chatgpt"])
        told = [shown["message"] for shown in client.notifications("window/showMessage")]
        assert len([text for text in told if "no API key" in text]) == 1
        day.list_models()
        day.ask(CAPITAL, "Paris")
        day.clean_up(revoked=True)
        day.end()


def test_one_login_in_both_modes(tmp_path: Path) -> None:
    with world("openai", tmp_path) as openai, openai.server() as client:
        day = Journey(openai, client)
        session = day.sign_in(options={"mode": "auto"})
        tell(f"  auto: {session['mode']} of {session['modes']} for the plan {session['identity'].get('plan')}")
        day.list_models()
        for mode in session["modes"]:
            updated = client.request("maestro/session/update", {"sessionId": day.name, "mode": mode})
            assert updated["mode"] == mode
            day.ask(CAPITAL, "Paris")
        if openai.shows("which service answered in which mode"):
            assert [one.path for one in openai.generations()] == ["/backend-api/codex/responses", "/v1/responses"]
        day.clean_up(revoked=True)
        day.end()


def lose_the_key(day: Journey) -> None:
    """The platform takes the key no longer: one refresh and a new key, then the same prompt is answered."""
    auth = day.world.service.auth
    before, lost = len(auth.refreshes), day.world.api_key
    auth.api_keys.remove(lost)
    day.ask(CAPITAL, "Paris")
    assert auth.refreshes[before:] == ["ok"]
    assert day.world.api_key != lost


def check_address(messages: list[JsonObject]) -> None:
    """Codex's parameters, in codex's order."""
    [url] = [m["result"]["url"] for m in messages if "url" in (m.get("result") or {})]
    given = query(url)
    assert "+" not in url
    assert list(given) == [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "code_challenge",
        "code_challenge_method",
        "id_token_add_organizations",
        "codex_cli_simplified_flow",
        "state",
        "originator",
    ]
    assert given["client_id"] == CODEX_CLIENT
    assert given["code_challenge_method"] == "S256"
    assert given["originator"] == "codex_cli_rs"
    assert given["scope"].startswith("openid profile email offline_access")


def check_exchange(openai: World) -> None:
    request = openai.requests("/oauth/token")[0]
    assert sent(request) == FORM
    assert list(fields(request)) == ["grant_type", "code", "redirect_uri", "client_id", "code_verifier"]
    assert fields(request)["redirect_uri"].startswith("http://localhost:")


def check_second_stage(openai: World) -> None:
    request = openai.requests("/oauth/token")[1]
    assert sent(request) == FORM
    asked = fields(request)
    assert (asked["grant_type"], asked["client_id"]) == (EXCHANGE, CODEX_CLIENT)
    assert (asked["requested_token"], asked["subject_token_type"]) == (
        "openai-api-key",
        "urn:ietf:params:oauth:token-type:id_token",
    )


def check_chatgpt_requests(openai: World, session: JsonObject, **more: str) -> None:
    """The newest of each kind: the token, whose it is, and which client sends it."""
    own = {
        "authorization": f"Bearer {openai.access_token}",
        "chatgpt-account-id": session["identity"]["accountId"],
        "originator": "codex_cli_rs",
        "version": CLIENT_VERSION,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    answer = openai.requests("/codex/responses")[-1]
    assert sent(answer) == {**STREAM, **own}
    assert {answer.headers[name] for name in ("session-id", "thread-id", "x-client-request-id")} == {
        answer.json["prompt_cache_key"]
    }
    listing = openai.requests("/codex/models")[-1]
    assert listing.query == {"client_version": CLIENT_VERSION}
    assert sent(listing).keys() == {"accept", *own}


def check_key_requests(openai: World) -> None:
    """The key alone: nothing of the login it came of."""
    own = {"authorization": f"Bearer {openai.api_key}"}
    assert sent(openai.requests("/v1/responses")[-1]) == {**STREAM, **own}
    assert sent(openai.requests("/v1/models")[-1]).keys() == {"accept", "authorization"}


def check_refreshes(openai: World, after: int) -> None:
    for request in openai.requests("/oauth/token")[after:]:
        assert sent(request) == JSON
        assert set(fields(request)) == {"grant_type", "refresh_token", "client_id"}


def check_revocation(openai: World) -> None:
    [request] = openai.requests("/oauth/revoke")
    assert sent(request) == JSON
    newest = openai.simulator.auth.families[-1].refresh_tokens[-1]
    assert fields(request) == {"token": newest, "token_type_hint": "refresh_token", "client_id": CODEX_CLIENT}
