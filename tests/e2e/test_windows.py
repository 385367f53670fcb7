"""Windows that share a store see what happens in each other, and use it at once."""

from pathlib import Path

from tests.e2e.logins import TWO_SECONDS, elsewhere, is_external, window
from tests.e2e.oauth_journey import (
    CAPITAL,
    Journey,
    World,
    simulated_only,
)

pytestmark = simulated_only


def test_a_session_made_in_one_window_is_used_in_the_other(openai: World) -> None:
    with window(openai) as one, window(openai) as other:
        session = Journey(openai, one).sign_in()

        [seen] = elsewhere(other, session["id"])["changed"]
        there = Journey(openai, other, "journey", session)
        there.list_models()
        there.ask(CAPITAL, "Paris")

        assert seen == session
        assert openai.simulator.auth.exchanges == ["ok"]


def test_what_becomes_of_a_session_is_seen_in_the_other_window(openai: World, tmp_path: Path) -> None:
    folder = tmp_path.as_uri()
    with window(openai) as one, window(openai) as other:
        session_id = Journey(openai, one).sign_in()["id"]
        elsewhere(other, session_id)

        other.request("maestro/session/rename", {"sessionId": session_id, "name": "renamed"})
        assert elsewhere(one, session_id, name="renamed")
        one.request("maestro/session/setDefault", {"sessionId": "renamed"})
        assert elsewhere(other, session_id, isDefault=True)
        other.request("maestro/session/bind", {"sessionId": "renamed", "workspaceFolder": folder})
        assert elsewhere(one, session_id, boundTo=[folder])
        one.request("maestro/session/delete", {"sessionId": "renamed"})
        gone = other.wait(lambda m: is_external(m) and session_id in m["params"]["removed"], timeout=TWO_SECONDS)

        assert gone["params"]["changed"] == []
        assert other.refused("maestro/session/get", {"sessionId": session_id}).code == 4007


def test_a_refresh_in_one_window_serves_the_other(openai: World) -> None:
    """The other one asks with the old token, is refused, and finds the new one instead of refreshing again."""
    with window(openai) as one, window(openai) as other:
        here = Journey(openai, one)
        session = here.sign_in()
        elsewhere(other, session["id"])
        there = Journey(openai, other, "journey", session)
        for each in (here, there):
            each.list_models()
            each.ask(CAPITAL, "Paris")

        here.outlive_the_access_token()
        there.ask(CAPITAL, "Paris")

        assert openai.simulator.auth.refreshes == ["ok"]
