"""A whole day with an Anthropic login: a code to paste, JSON at the token endpoint, and beta flags in every request."""

from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client
from tests.e2e.oauth_journey import CAPITAL, Journey, World, fields, journey, query, sent, simulated_only, world

pytestmark = journey

OAUTH_BETA = "oauth-2025-04-20"
JSON = {"accept": "*/*", "content-type": "application/json"}
STREAM = {"accept": "text/event-stream", "content-type": "application/json", "anthropic-version": "2023-06-01"}


def test_a_day(tmp_path: Path) -> None:
    with world("anthropic", tmp_path) as anthropic, anthropic.server() as client:
        day = Journey(anthropic, client)
        day.sign_in()
        if anthropic.shows("the requests of the login"):
            check_address(client.received())
            check_exchange(anthropic)
        day.list_models()
        day.ask_both()
        if anthropic.shows("the headers of a login"):
            check_requests(anthropic)
        day.interrupt_and_recover()
        day.outlive_the_access_token()
        day.refresh()
        if anthropic.shows("the headers after the refreshes"):
            check_refreshes(anthropic)
            check_requests(anthropic)
        day.clean_up(revoked=False)
        day.end()


@simulated_only
def test_flags_of_settings_and_of_the_login_are_one_list(tmp_path: Path) -> None:
    betas = {"MAESTRO_PROVIDERS__ANTHROPIC__BETAS": f'["files-api-2025-04-14,{OAUTH_BETA}", "mcp-client-2025-11-20"]'}
    with world("anthropic", tmp_path, **betas) as anthropic, anthropic.server() as client:
        day = Journey(anthropic, client)
        day.sign_in()
        day.list_models()
        day.ask(CAPITAL, "Paris")

        check_requests(anthropic, f"files-api-2025-04-14,{OAUTH_BETA},mcp-client-2025-11-20")
        day.clean_up(revoked=False)
        day.end()


@simulated_only
@pytest.mark.parametrize("pasted", ["shown", "code", "address"])
def test_whatever_is_pasted(tmp_path: Path, pasted: str) -> None:
    """`code#state` as the page shows it, the code alone, or the whole address the browser ended at."""
    with world("anthropic", tmp_path) as anthropic, anthropic.server() as client:
        step = begin(client)
        shown = anthropic.visit(step["url"])
        code, _, state = shown.partition("#")
        assert state == query(step["url"])["state"]
        forms = {"shown": shown, "code": code, "address": f"{step['redirectUri']}?code={code}&state={state}"}

        done = paste(client, step, forms[pasted])

        assert done["session"]["status"] == "active"
        check_exchange(anthropic)
        client.end()


@simulated_only
def test_the_identity_of_claude_code_is_agreed_to_first(tmp_path: Path) -> None:
    with world("anthropic", tmp_path) as anthropic, anthropic.server() as client:
        consent = begin(client, options={"claudeCodeIdentity": True})
        assert consent["type"] == "input"
        assert [one["key"] for one in consent["fields"]] == ["consent"]
        assert "forbids" in consent["fields"][0]["label"]
        assert anthropic.simulator.requests == []
        answer = {"loginId": consent["loginId"], "inputs": {"consent": "yes"}}
        step = client.request("maestro/session/continue", answer)
        session = paste(client, step, anthropic.visit(step["url"]))["session"]

        day = Journey(anthropic, client, session=session)
        day.list_models()
        day.ask(CAPITAL, "Paris")

        request = anthropic.generations()[-1]
        assert request.headers["anthropic-beta"] == f"claude-code-20250219,{OAUTH_BETA}"
        assert (request.headers["x-app"], "x-api-key" in request.headers) == ("cli", False)
        assert request.json["system"][0]["text"].startswith("You are Claude Code")
        client.end()


def begin(client: Client, **params: object) -> JsonObject:
    start = {"provider": "anthropic", "authType": "oauth", "name": "journey", **params}
    return client.request("maestro/session/create", start)


def paste(client: Client, step: JsonObject, text: str) -> JsonObject:
    return client.request("maestro/session/continue", {"loginId": step["loginId"], "inputs": {"code": text}})


def check_address(messages: list[JsonObject]) -> None:
    [url] = [m["result"]["url"] for m in messages if "url" in (m.get("result") or {})]
    given = query(url)
    assert list(given) == [
        "code",
        "client_id",
        "response_type",
        "redirect_uri",
        "scope",
        "code_challenge",
        "code_challenge_method",
        "state",
    ]
    assert (given["code"], given["response_type"], given["code_challenge_method"]) == ("true", "code", "S256")
    assert "user:inference" in given["scope"].split()


def check_exchange(anthropic: World) -> None:
    """The code in JSON, with the state, and without any flag."""
    [request] = anthropic.requests("/v1/oauth/token")
    assert sent(request) == JSON
    assert set(fields(request)) == {"grant_type", "code", "state", "client_id", "redirect_uri", "code_verifier"}
    assert fields(request)["state"] != fields(request)["code_verifier"]


def check_requests(anthropic: World, flags: str = OAUTH_BETA) -> None:
    """The newest of each kind: the token as a Bearer, the version, the flags, and no key."""
    own = {"authorization": f"Bearer {anthropic.access_token}", "anthropic-beta": flags}
    assert sent(anthropic.requests("/v1/messages")[-1]) == {**STREAM, **own}
    assert sent(anthropic.requests("/v1/models")[-1]).keys() == {"accept", "anthropic-version", *own}


def check_refreshes(anthropic: World) -> None:
    _, *refreshes = anthropic.requests("/v1/oauth/token")
    assert len(refreshes) == 2
    for request in refreshes:
        assert sent(request) == {**JSON, "anthropic-beta": OAUTH_BETA}
        assert set(fields(request)) == {"grant_type", "refresh_token", "client_id"}
    assert fields(refreshes[0])["refresh_token"] != fields(refreshes[1])["refresh_token"]
