"""A whole day with a Google login: a client of one's own, forms, a refresh token that stays, a billed project."""

from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.oauth_journey import CAPITAL, Journey, World, fields, journey, query, sent, simulated_only, world

pytestmark = journey

FORM = {"accept": "*/*", "content-type": "application/x-www-form-urlencoded"}
STREAM = {"accept": "text/event-stream", "content-type": "application/json"}
PROJECT = "simulated-project"


def test_a_day(tmp_path: Path) -> None:
    with world("gemini", tmp_path) as gemini, gemini.server() as client:
        day = Journey(gemini, client)
        day.sign_in()
        if gemini.shows("the requests of the login"):
            check_address(gemini, client.received())
            check_exchange(gemini)
        day.list_models()
        day.ask_both()
        if gemini.shows("the headers of a login"):
            check_requests(gemini)
        day.interrupt_and_recover()
        day.outlive_the_access_token()
        day.refresh()
        if gemini.shows("the headers after the refreshes"):
            check_refreshes(gemini)
            check_requests(gemini)
        day.clean_up(revoked=True)
        if gemini.shows("the request that revoked"):
            check_revocation(gemini)
        day.end()


@simulated_only
@pytest.mark.parametrize("flow", ["loopback", "paste"])
def test_the_project_of_the_session_is_the_one_that_is_billed(tmp_path: Path, flow: str) -> None:
    with world("gemini", tmp_path) as gemini, gemini.server() as client:
        day = Journey(gemini, client)
        day.sign_in(flow=flow, options={"quotaProject": "project-of-this-session"})
        day.list_models()
        day.ask(CAPITAL, "Paris")

        check_requests(gemini, "project-of-this-session")
        day.clean_up(revoked=True)
        day.end()


def check_address(gemini: World, messages: list[JsonObject]) -> None:
    [url] = [m["result"]["url"] for m in messages if "url" in (m.get("result") or {})]
    given = query(url)
    assert list(given) == [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "code_challenge",
        "code_challenge_method",
        "access_type",
        "prompt",
        "state",
    ]
    assert given["client_id"] == gemini.service.client_id
    assert given["redirect_uri"].startswith("http://127.0.0.1:")
    assert (given["access_type"], given["prompt"]) == ("offline", "consent")
    assert given["code_challenge_method"] == "S256"
    assert given["scope"] == "https://www.googleapis.com/auth/cloud-platform"


def check_exchange(gemini: World) -> None:
    """The code as a form, with the client's secret and the verifier, without the state."""
    [request] = gemini.requests("/token")
    assert sent(request) == FORM
    assert set(fields(request)) == {
        "grant_type",
        "code",
        "redirect_uri",
        "client_id",
        "client_secret",
        "code_verifier",
    }
    assert fields(request)["client_secret"] == gemini.service.client_secret


def check_requests(gemini: World, project: str = PROJECT) -> None:
    """The newest of each kind: the token as a Bearer, who is billed, and no key, in no header and no address."""
    own = {"authorization": f"Bearer {gemini.access_token}", "x-goog-user-project": project}
    answer, listing = gemini.requests(":streamGenerateContent")[-1], gemini.requests("/v1/models")[-1]
    assert sent(answer) == {**STREAM, **own}
    assert answer.query == {"alt": "sse"}
    assert sent(listing).keys() == {"accept", *own}
    assert "key" not in listing.query


def check_refreshes(gemini: World) -> None:
    """Both with the same refresh token, which Google keeps as it is."""
    _, *refreshes = gemini.requests("/token")
    assert len(refreshes) == 2
    for request in refreshes:
        assert sent(request) == FORM
        assert set(fields(request)) == {"grant_type", "refresh_token", "client_id", "client_secret"}
    assert fields(refreshes[0])["refresh_token"] == fields(refreshes[1])["refresh_token"]


def check_revocation(gemini: World) -> None:
    [request] = gemini.requests("/revoke")
    assert sent(request) == FORM
    assert fields(request) == {"token": gemini.simulator.auth.families[-1].refresh_tokens[-1]}
