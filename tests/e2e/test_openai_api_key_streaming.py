"""A whole day with an OpenAI key."""

from pathlib import Path

from tests.e2e.oauth_journey import KEYS, Journey, World, journey, sent, world

pytestmark = journey

OWN = {"authorization": f"Bearer {KEYS['openai'][1]}"}
STREAM = {"accept": "text/event-stream", "content-type": "application/json"}


def test_a_day(tmp_path: Path) -> None:
    with world("openai", tmp_path) as openai, openai.server() as client:
        day = Journey(openai, client)
        day.sign_in_with_key()
        day.list_models()
        day.ask_both()
        day.interrupt_and_recover()
        day.outlive_a_withdrawn_key()
        day.cannot_refresh()
        if openai.shows("the headers of a key"):
            check_requests(openai)
        day.clean_up(revoked=False)
        day.end()


def check_requests(openai: World) -> None:
    """The key as a Bearer, nothing of a login, and no request to the auth server or to ChatGPT."""
    assert all(sent(one) == {**STREAM, **OWN} for one in openai.requests("/v1/responses"))
    assert all(sent(one) == {"accept": "*/*", **OWN} for one in openai.requests("/v1/models"))
    assert {one.path for one in openai.simulator.requests} == {"/v1/responses", "/v1/models"}
