"""A whole day with a Gemini key, which is never part of an address."""

from pathlib import Path

from tests.e2e.oauth_journey import KEYS, Journey, World, journey, sent, world

pytestmark = journey

KEY = KEYS["gemini"][1]
OWN = {"x-goog-api-key": KEY}
STREAM = {"accept": "text/event-stream", "content-type": "application/json"}


def test_a_day(tmp_path: Path) -> None:
    with world("gemini", tmp_path) as gemini, gemini.server() as client:
        day = Journey(gemini, client)
        day.sign_in_with_key()
        day.list_models()
        day.ask_both()
        day.interrupt_and_recover()
        day.outlive_a_withdrawn_key()
        day.cannot_refresh()
        if gemini.shows("the headers of a key"):
            check_requests(gemini)
        day.clean_up(revoked=False)
        day.end()


def check_requests(gemini: World) -> None:
    """`x-goog-api-key`; no Bearer, no project, the key in no address, and no request to the auth server."""
    assert all(sent(one) == {**STREAM, **OWN} for one in gemini.requests(":streamGenerateContent"))
    assert all(sent(one) == {"accept": "*/*", **OWN} for one in gemini.requests("/v1/models"))
    assert all(one.path.startswith("/v1/models") and KEY not in one.target for one in gemini.simulator.requests)
