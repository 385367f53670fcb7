"""Named sessions over the wire: create, list, choose, validate, delete; never chosen silently."""

from collections.abc import Iterator

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client
from tests.e2e.conftest import Launch
from tests.e2e.turns import complete, gemini_session
from tests.e2e.upstream import MODEL, Exchange, Upstream, saying
from tests.simulators.fixtures import running
from tests.simulators.personas import late

KEY = "AIza-sessions-0000-wxyz"


@pytest.fixture
def provider() -> Iterator[Upstream]:
    with Upstream(saying("hello")) as upstream:
        yield upstream


@pytest.fixture
def client(launch: Launch, provider: Upstream) -> Client:
    client = launch(GOOGLE_GEMINI_BASE_URL=provider.url)
    client.initialize()
    return client


def create(client: Client, name: str, provider: str = "gemini", **more: object) -> JsonObject:
    params = {"provider": provider, "authType": "api_key", "name": name, "apiKey": KEY, **more}
    return client.request("maestro/session/create", params)


def names(client: Client, **params: object) -> set[str]:
    return {session["name"] for session in client.request("maestro/session/list", params)["sessions"]}


def test_life_of_a_session(client: Client) -> None:
    session = create(client, "work")["session"]
    assert (session["name"], session["provider"], session["authType"]) == ("work", "gemini", "api_key")
    assert session["status"] == "unverified"
    assert session["keyHint"] == "wxyz"
    assert session["isDefault"] is False

    assert names(client) == {"work"}
    assert names(client, provider="openai") == set()
    assert client.request("maestro/session/get", {"sessionId": session["id"]}) == session
    assert client.request("maestro/session/get", {"sessionId": "work"}) == session

    assert client.request("maestro/session/setDefault", {"sessionId": "work"})["isDefault"] is True
    assert client.request("maestro/session/validate", {"sessionId": "work"})["status"] == "active"
    assert client.request("maestro/session/delete", {"sessionId": "work"}) == {"deleted": True}
    assert client.request("maestro/session/delete", {"sessionId": "work"}) == {"deleted": False}
    assert names(client) == set()
    assert client.refused("maestro/session/get", {"sessionId": session["id"]}).code == 4007


def test_changes_are_announced_after_the_answer(client: Client) -> None:
    """R2, P7: the response that introduces a session stands before any notification that names it."""
    for number in range(20):
        session_id = create(client, f"s{number}")["session"]["id"]
        client.wait(lambda m, i=session_id: m.get("method") == "maestro/session/didChange" and i in str(m))
        first = next(m for m in client.received() if session_id in str(m))
        assert "result" in first

    changed = client.notifications("maestro/session/didChange")
    assert [c["reason"] for c in changed] == ["created"] * 20
    assert KEY not in str(changed)


def test_taken_name(client: Client) -> None:
    create(client, "work")

    error = client.refused(
        "maestro/session/create", {"provider": "gemini", "authType": "api_key", "name": "work", "apiKey": KEY}
    )
    assert (error.code, error.kind) == (4008, "sessionNameTaken")
    assert create(client, "work", "openai")["type"] == "done"


def test_ambiguous_name(client: Client) -> None:
    ids = {create(client, "work", provider)["session"]["id"] for provider in ("gemini", "openai")}

    error = client.refused("maestro/session/get", {"sessionId": "work"})

    assert (error.code, error.kind) == (4103, "ambiguous")
    assert set(error.data["candidates"]) == ids
    assert all(client.request("maestro/session/get", {"sessionId": candidate}) for candidate in ids)


def test_same_client_request_id_creates_once(client: Client) -> None:
    """R11"""
    first = create(client, "work", clientRequestId="c1")

    assert create(client, "work", clientRequestId="c1") == first
    assert names(client) == {"work"}
    params = {"provider": "gemini", "authType": "api_key", "name": "other", "apiKey": KEY, "clientRequestId": "c1"}
    assert client.refused("maestro/session/create", params).code == -32602


def test_unknown_provider_and_way(client: Client) -> None:
    params = {"provider": "no-such", "authType": "api_key", "name": "x", "apiKey": KEY}
    error = client.refused("maestro/session/create", params)
    assert error.code == 4101
    assert "gemini" in error.data["candidates"]

    params = {"provider": "gemini", "authType": "api_key", "flow": "device", "name": "x"}
    assert client.refused("maestro/session/create", params).code == 4104


def test_login_that_asks_for_the_key(client: Client) -> None:
    step = client.request("maestro/session/create", {"provider": "gemini", "authType": "api_key", "name": "asked"})
    assert step["type"] == "input"
    assert [(f["key"], f["secret"]) for f in step["fields"]] == [("apiKey", True)]
    assert names(client) == set()

    inputs = {"loginId": step["loginId"], "inputs": {"apiKey": KEY}}
    done = client.request("maestro/session/continue", inputs)

    assert done["type"] == "done"
    completed = client.notification("maestro/session/loginCompleted")
    assert completed["loginId"] == step["loginId"]
    assert completed["session"]["id"] == done["session"]["id"]
    assert client.refused("maestro/session/continue", inputs).code == 4004
    client.settle()
    assert len(client.notifications("maestro/session/loginCompleted")) == 1


def test_login_that_is_given_up(client: Client) -> None:
    step = client.request("maestro/session/create", {"provider": "gemini", "authType": "api_key", "name": "asked"})

    assert client.request("maestro/session/cancel", {"loginId": step["loginId"]}) == {"status": "cancelled"}
    assert client.request("maestro/session/cancel", {"loginId": step["loginId"]}) == {"status": "notFound"}
    completed = client.notification("maestro/session/loginCompleted")
    assert completed["error"]["code"] == 4005
    client.settle()
    assert len(client.notifications("maestro/session/loginCompleted")) == 1


def test_refused_key_stores_nothing_when_asked_to_validate(launch: Launch) -> None:
    def refuse(exchange: Exchange) -> None:
        exchange.answer(400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid."}})

    with Upstream(refuse) as provider:
        provider.models = refuse
        client = launch(GOOGLE_GEMINI_BASE_URL=provider.url)
        client.initialize()
        params = {"provider": "gemini", "authType": "api_key", "name": "bad", "apiKey": KEY, "validate": True}

        error = client.refused("maestro/session/create", params)

        assert error.code == 4002
        assert names(client) == set()
        create(client, "bad")
        assert client.request("maestro/session/validate", {"sessionId": "bad"})["status"] == "needsLogin"


def test_key_in_the_environment_is_offered_and_not_taken(launch: Launch, provider: Upstream) -> None:
    client = launch(GOOGLE_GEMINI_BASE_URL=provider.url, GEMINI_API_KEY=KEY)
    client.initialize()

    [session] = client.request("maestro/session/list", {"provider": "gemini"})["sessions"]
    assert (session["id"], session["name"], session["source"]) == ("env:gemini", "env", "env")

    error = client.refused("maestro/chat/complete", complete("hi", model=MODEL))
    assert (error.code, error.kind) == (4001, "authRequired")
    assert error.data["action"]["command"]
    assert provider.exchanges == []

    named = complete("hi", model=MODEL, sessionId="env:gemini")
    assert client.request("maestro/chat/complete", named)["stopReason"] == "endTurn"
    assert provider.exchanges[-1].headers["x-goog-api-key"] == KEY


def test_the_action_of_4001_adopts_the_key(launch: Launch, provider: Upstream) -> None:
    client = launch(GOOGLE_GEMINI_BASE_URL=provider.url, GEMINI_API_KEY=KEY)
    client.initialize()
    action = client.refused("maestro/chat/complete", complete("hi", model=MODEL)).data["action"]

    command = {"command": action["command"], "arguments": action.get("arguments", [])}
    client.request("workspace/executeCommand", command)
    client.wait(lambda m: m.get("method") == "maestro/session/didChange")

    assert client.request("maestro/chat/complete", complete("hi", model=MODEL))["stopReason"] == "endTurn"


def test_session_of_the_environment_cannot_be_deleted(launch: Launch) -> None:
    client = launch(ANTHROPIC_API_KEY=KEY)
    client.initialize()

    assert client.refused("maestro/session/delete", {"sessionId": "env:anthropic"}).code == 4104
    assert names(client) == {"env"}


def test_only_stored_session_and_default_are_used(client: Client, provider: Upstream) -> None:
    assert client.refused("maestro/chat/complete", complete("hi", model=MODEL)).code == 4001

    create(client, "one", apiKey="AIza-key-of-one")
    client.request("maestro/chat/complete", complete("hi", model=MODEL))
    assert provider.exchanges[-1].headers["x-goog-api-key"] == "AIza-key-of-one"

    create(client, "two", apiKey="AIza-key-of-two")
    error = client.refused("maestro/chat/complete", complete("hi", model=MODEL))
    assert error.code == 4001
    assert set(error.data["candidates"]) == {"one", "two"}

    client.request("maestro/session/setDefault", {"sessionId": "two"})
    client.request("maestro/chat/complete", complete("hi", model=MODEL))
    assert provider.exchanges[-1].headers["x-goog-api-key"] == "AIza-key-of-two"


def test_session_of_another_provider_is_no_fallback(client: Client, provider: Upstream) -> None:
    """R10"""
    create(client, "other", "openai")

    error = client.refused("maestro/chat/complete", complete("hi", model=MODEL, sessionId="other"))

    assert 4000 < error.code < 4200
    assert provider.exchanges == []


def test_providers_say_how_to_sign_in(client: Client) -> None:
    rows = {row["id"]: row for row in client.request("maestro/provider/list")["providers"]}

    assert rows.keys() >= {"openai", "anthropic", "gemini", "offline"}
    for provider in ("openai", "anthropic", "gemini"):
        [api_key] = [a for a in rows[provider]["authTypes"] if a["authType"] == "api_key"]
        assert api_key["flows"] == ["key"]
        assert rows[provider]["env"]["present"] is False
        assert {"config", "apiKey", "models", "streaming"} <= set(rows[provider]["roles"])
    assert [row["id"] for row in rows.values() if row["default"]] == ["offline"]


def test_one_provider_failing_never_fails_the_model_list(client: Client) -> None:
    gemini_session(client)
    create(client, "unreachable", "openai")

    result = client.request("maestro/model/list")

    sources = {source["provider"]: source for source in result["sources"]}
    assert sources["gemini"]["status"] == "ok"
    assert sources["openai"]["status"] == "error"
    assert sources["openai"]["error"]["code"] == 4204
    assert MODEL in [model["id"] for model in result["models"]]


def test_a_failing_provider_asked_alone_says_so_too(client: Client) -> None:
    create(client, "unreachable", "openai")

    result = client.request("maestro/model/list", {"provider": "openai"})

    assert [source["status"] for source in result["sources"]] == ["error"]


def test_models_resolve(client: Client) -> None:
    gemini_session(client)

    result = client.request("maestro/model/resolve", {"model": MODEL})
    assert (result["model"]["id"], result["matchedBy"]) == (MODEL, "exact")
    named = client.request("maestro/model/resolve", {"model": f"scripted:{MODEL}"})
    assert named["sessionId"] == client.request("maestro/session/get", {"sessionId": "scripted"})["id"]
    error = client.refused("maestro/model/resolve", {"model": "gemini/gemini-scriptet"})
    assert error.code == 4102
    for candidate in error.data["candidates"]:
        assert client.request("maestro/model/resolve", {"model": candidate})


def test_a_session_whose_request_was_cancelled_late_is_told_all_the_same(launch: Launch) -> None:
    """The key was being tried when the client gave up: what became of it is no secret, nor half of a session."""
    with running("gemini", late(0.3).on("/models")) as service:
        client = launch(GOOGLE_GEMINI_BASE_URL=service.base_url)
        client.initialize()
        params = {"provider": "gemini", "authType": "api_key", "name": "work", "apiKey": KEY, "validate": True}
        request = client.start("maestro/session/create", params)
        service.request()
        client.notify("$/cancelRequest", {"id": request})
        assert client.refusal(request).code == -32800
        changed = client.notification("maestro/session/didChange")
        assert [(one["name"], one["status"]) for one in changed["changed"]] == [("work", "active")]
        assert names(client) == {"work"}
