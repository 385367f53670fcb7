"""A whole day with an Anthropic key."""

from pathlib import Path

from tests.e2e.oauth_journey import KEYS, Journey, World, journey, sent, world

pytestmark = journey

OWN = {"x-api-key": KEYS["anthropic"][1], "anthropic-version": "2023-06-01"}
STREAM = {"accept": "text/event-stream", "content-type": "application/json"}


def test_a_day(tmp_path: Path) -> None:
    with world("anthropic", tmp_path) as anthropic, anthropic.server() as client:
        day = Journey(anthropic, client)
        day.sign_in_with_key()
        day.list_models()
        day.ask_both()
        day.interrupt_and_recover()
        day.outlive_a_withdrawn_key()
        day.cannot_refresh()
        if anthropic.shows("the headers of a key"):
            check_requests(anthropic)
        day.clean_up(revoked=False)
        day.end()


def check_requests(anthropic: World) -> None:
    """`x-api-key` and the version; no Bearer, no empty list of flags, and no request to the auth server."""
    assert all(sent(one) == {**STREAM, **OWN} for one in anthropic.requests("/v1/messages"))
    assert all(sent(one) == {"accept": "*/*", **OWN} for one in anthropic.requests("/v1/models"))
    assert {one.path for one in anthropic.simulator.requests} == {"/v1/messages", "/v1/models"}
