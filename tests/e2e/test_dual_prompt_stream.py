"""Two sessions of one provider answer the same two prompts at the same time, each with its own credential."""

from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client
from tests.e2e.oauth_journey import CAPITAL, FIVE_MINUTES, SUBSCRIPTIONS, Journey, World, journey, sent, world
from tests.e2e.turns import check_turn, text_of
from tests.simulators.wire import Request

pytestmark = journey

PROMPTS = {CAPITAL: ("Paris",), SUBSCRIPTIONS: ("FastAPI", "webhook")}


def test_both_modes_of_openai(tmp_path: Path) -> None:
    with world("openai", tmp_path) as openai, openai.server() as client:
        by_login, by_key = Journey(openai, client, "by login"), Journey(openai, client, "by key")
        by_login.sign_in(options={"mode": "chatgpt"})
        token = openai.access_token if openai.sim else ""
        by_key.sign_in(options={"mode": "api_key"})

        answer_at_once(openai, client, by_login, by_key)

        if openai.shows("which credential each request carried"):
            at_chatgpt, at_platform = openai.requests("/codex/responses"), openai.requests("/v1/responses")
            assert [sent(one)["authorization"] for one in at_chatgpt] == [f"Bearer {token}"] * 2
            assert [sent(one)["authorization"] for one in at_platform] == [f"Bearer {openai.api_key}"] * 2
            assert prompts(at_chatgpt) == prompts(at_platform) == sorted(PROMPTS)


@pytest.mark.parametrize(("provider", "header"), [("anthropic", "x-api-key"), ("gemini", "x-goog-api-key")])
def test_a_login_beside_a_key(tmp_path: Path, provider: str, header: str) -> None:
    with world(provider, tmp_path) as service, service.server() as client:
        by_login, by_key = Journey(service, client, "by login"), Journey(service, client, "by key")
        by_login.sign_in()
        by_key.sign_in_with_key()

        answer_at_once(service, client, by_login, by_key)

        if service.shows("which credential each request carried"):
            with_key = [one for one in service.generations() if header in one.headers]
            with_token = [one for one in service.generations() if "authorization" in one.headers]
            assert {sent(one)[header] for one in with_key} == {service.own_key()}
            assert {sent(one)["authorization"] for one in with_token} == {f"Bearer {service.access_token}"}
            assert prompts(with_key) == prompts(with_token) == sorted(PROMPTS)


def answer_at_once(service: World, client: Client, *journeys: Journey) -> None:
    """Four turns, all of them begun before one ends, none with a word of another's; then both sessions are deleted."""
    for one in journeys:
        one.list_models()
    service.play("drip=0.02")
    turns = [(one, prompt, *one.start(prompt)) for one in journeys for prompt in PROMPTS]
    texts: dict[str, set[str]] = {}
    for one, prompt, token, request_id in turns:
        result = client.response(request_id, timeout=FIVE_MINUTES)
        events = check_turn(client, request_id, token)
        assert result["stopReason"] == "endTurn"
        assert events[0]["sessionId"] == one.session["id"]
        said = text_of(events)
        assert all(word.lower() in said.lower() for word in PROMPTS[prompt]), said
        texts.setdefault(prompt, set()).add(said)
    if service.shows("that all four were under way together, and that the answers are the scripted ones"):
        assert order(client.received(), "turn.started")[-1] < order(client.received(), "turn.completed")[0]
        assert [len(texts[prompt]) for prompt in PROMPTS] == [1, 1]
    service.play()
    for one in journeys:
        assert client.request("maestro/session/delete", {"sessionId": one.session["id"]}, timeout=60)["deleted"]
    journeys[0].end()


def order(messages: list[JsonObject], kind: str) -> list[int]:
    """Where the events of this kind stand among all messages."""
    values = [message["params"]["value"] if message.get("method") == "$/progress" else {} for message in messages]
    return [place for place, value in enumerate(values) if value.get("type") == kind]


def prompts(requests: list[Request]) -> list[str]:
    """Which of the two prompts each request asks."""
    return sorted(prompt for one in requests for prompt in PROMPTS if prompt in one.body.decode())
