"""Keys go into the provider's request and nowhere else (R9, invariant 6)."""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.client import Client, ResponseError
from tests.e2e.environment import environment
from tests.e2e.turns import complete, new_token
from tests.e2e.upstream import MODEL, Exchange, Upstream, event, text

GIVEN = "AIza-CANARY-given-5b1e77d0c4-tail"
CONTINUED = "AIza-CANARY-continued-93ac0f12-tail"
OF_ENVIRONMENT = "AIza-CANARY-environment-02fe-tail"
OF_FILE = "sk-CANARY-of-the-file-77aa01-tail"
REFUSED = "AIza-CANARY-refused\nwith-newline-tail"
KEYS = (GIVEN, CONTINUED, OF_ENVIRONMENT, OF_FILE, REFUSED)
CONFIG = f"""
[providers.openai]
api_key = "{OF_FILE}"
"""


def hostile(exchange: Exchange) -> None:
    """Repeat the key wherever an answer has room for it; which way depends on the question."""
    key = exchange.headers["x-goog-api-key"]
    way = exchange.json["contents"][-1]["parts"][0]["text"]
    error = {"error": {"code": 400, "status": f"BAD_{key}", "message": f"Bad key {key}.", "details": [{"key": key}]}}
    headers = {name: key for name in ("x-request-id", "request-id", "retry-after", "x-goog-request-id", "server")}
    if way == "html":
        page = f"<html><body>{key}</body></html>".encode()
        exchange.answer(502, page, {**headers, "Content-Type": f"text/html; charset={key}"})
    elif way == "redirect":
        exchange.answer(302, b"", {**headers, "Location": f"http://127.0.0.1:1/{key}?key={key}"})
    elif way == "stream":
        exchange.open_stream()
        exchange.write(event(text("so far")) + event(error))
        exchange.close_stream()
    elif way == "garbage":
        exchange.open_stream()
        exchange.write(b"data: {not json %b\r\n\r\nevent: %b\r\ndata: [%b\r\n\r\n" % ((key.encode(),) * 3))
        exchange.close_stream()
    elif way == "protocol":
        exchange.handler.wfile.write(f"NOT-HTTP {key}\r\n\r\n".encode())
        exchange.handler.close_connection = True
    else:
        exchange.answer(int(way), error, headers)


WAYS = ("400", "401", "403", "404", "413", "429", "500", "503", "529", "html", "redirect", "stream", "garbage")


@pytest.fixture(scope="module")
def provider() -> Iterator[Upstream]:
    with Upstream(hostile) as upstream:
        upstream.models = lambda exchange: exchange.answer(
            401, {"error": {"message": f"models refused for {exchange.headers['x-goog-api-key']}"}}
        )
        yield upstream


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    config = home / "maestro" / "config"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(CONFIG)
    return home


@pytest.fixture(scope="module")
def spoken(home: Path, provider: Upstream) -> Iterator[Client]:
    """A server that has heard every key in every way, and has ended."""
    variables = environment(
        home,
        GOOGLE_GEMINI_BASE_URL=provider.url,
        GEMINI_API_KEY=OF_ENVIRONMENT,
        MAESTRO_LOG_LEVEL="debug",
        MAESTRO_RETRY__MAX_DELAY_MS="10",
        MAESTRO_RETRY__MAX_SERVER_DELAY_MS="10",
    )
    with Client(variables) as client:
        client.initialize(trace="verbose")
        _give_keys(client)
        for session in ("given", "continued", "env:gemini"):
            _provoke(client, session)
        _misuse_keys(client)
        client.request("maestro/session/list")
        client.request("maestro/provider/list")
        client.request("maestro/model/list", {"refresh": True})
        client.settle()
        assert client.exit() == 0
        yield client


def _give_keys(client: Client) -> None:
    base = {"provider": "gemini", "authType": "api_key"}
    client.request("maestro/session/create", {**base, "name": "given", "apiKey": GIVEN})
    step = client.request("maestro/session/create", {**base, "name": "continued"})
    client.request("maestro/session/continue", {"loginId": step["loginId"], "inputs": {"apiKey": CONTINUED}})
    _try(client, "maestro/session/create", {**base, "name": "refused", "apiKey": REFUSED})
    _try(client, "maestro/session/create", {**base, "name": "validated", "apiKey": GIVEN, "validate": True})


def _provoke(client: Client, session: str) -> None:
    for way in (*WAYS, "protocol"):
        params = complete(way, model=MODEL, sessionId=session)
        _try(client, "maestro/chat/complete", params)
        _try(client, "maestro/chat/complete", {**params, "partialResultToken": new_token()})
    _try(client, "maestro/session/validate", {"sessionId": session})


def _misuse_keys(client: Client) -> None:
    """Keys where they do not belong: none of them may come back."""
    base = {"provider": "gemini", "authType": "api_key", "name": "x"}
    _try(client, "maestro/session/create", {**base, "apiKey": [GIVEN]})
    _try(client, "maestro/session/create", {**base, "apiKey": GIVEN, "name": ""})
    _try(client, "maestro/session/create", {**base, "api_key": GIVEN})
    _try(client, "maestro/session/create", {**base, "apiKey": GIVEN, "authType": GIVEN})
    _try(client, "maestro/session/create", {**base, "apiKey": GIVEN, "options": {"x": GIVEN}, "flow": GIVEN})
    _try(client, "maestro/session/continue", {"loginId": GIVEN, "inputs": {"apiKey": GIVEN}})
    _try(client, "maestro/session/continue", {"loginId": "x", "inputs": GIVEN})
    _try(client, "maestro/session/get", {"sessionId": GIVEN})
    _try(client, "maestro/model/resolve", {"model": GIVEN})
    _try(client, "maestro/chat/complete", complete("400", model=MODEL, sessionId=GIVEN))
    client.send_bytes(b'Content-Length: 60\r\n\r\n{"apiKey": "%b"' % GIVEN.encode().ljust(47, b" "))
    client.send_bytes(b"apiKey=%b\r\n\r\n" % GIVEN.encode())
    client.notify("maestro/session/create", {**base, "apiKey": GIVEN})


def _try(client: Client, method: str, params: object) -> None:
    try:
        client.request(method, params)
    except ResponseError:
        pass


def disguises(key: str) -> set[bytes]:
    """The middle of a key as it may stand in text, an address, JSON or base64."""
    middle = key[5:-5]
    shifted = {base64.b64encode(b" " * shift + middle.encode())[4:-4] for shift in range(3)}
    return {middle.encode(), quote(middle).encode(), middle.encode("unicode_escape"), *shifted}


def leaks(data: bytes) -> list[bytes]:
    return [part for key in KEYS for part in disguises(key) if part in data]


def test_the_provider_got_every_key(spoken: Client, provider: Upstream) -> None:
    """Else the other tests prove nothing."""
    sent = {exchange.headers["x-goog-api-key"] for exchange in provider.exchanges}

    assert sent == {GIVEN, CONTINUED, OF_ENVIRONMENT}
    assert len(provider.exchanges) >= 3 * 2 * len(WAYS)


def test_no_key_in_what_the_editor_gets(spoken: Client) -> None:
    assert spoken.stdout
    assert leaks(bytes(spoken.stdout)) == []


def test_no_key_on_stderr(spoken: Client) -> None:
    assert leaks(bytes(spoken.stderr)) == []


def test_no_key_in_any_file(spoken: Client, home: Path) -> None:
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "config.toml"]

    assert any(path.suffix == ".log" for path in files), "the log file is there to be searched"
    assert {str(path): found for path in files if (found := leaks(path.read_bytes()))} == {}


def test_every_provoked_failure_was_answered(spoken: Client) -> None:
    assert spoken.tally() == {}
    assert spoken.faults == []


def test_no_traceback_or_path_reaches_the_editor(spoken: Client) -> None:
    """P5"""
    assert b"Traceback" not in spoken.stdout
    assert b"site-packages" not in spoken.stdout
    assert b"server/maestro" not in spoken.stdout
    assert all(
        "incidentId" in m["error"]["data"] for m in spoken.received() if m.get("error", {}).get("code") == -32603
    )


def test_lists_show_the_last_four_characters_only(spoken: Client) -> None:
    lists = [m["result"]["sessions"] for m in spoken.received() if "sessions" in (m.get("result") or {})]

    assert {session["keyHint"] for session in lists[-1]} == {"tail"}


def test_the_search_would_find_a_key() -> None:
    assert leaks(b"Bearer %b" % GIVEN.encode())
    assert leaks(base64.b64encode(b"Bearer %b" % GIVEN.encode()))
