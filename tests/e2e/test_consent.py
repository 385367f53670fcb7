"""Consent: nothing of a document leaves the machine before the user agreed (audit.md 7)."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.audits import FINDING, SOURCE, Document, replying
from tests.e2e.client import Client
from tests.e2e.conftest import Launch
from tests.e2e.turns import gemini_session, scripted
from tests.e2e.upstream import MODEL, Upstream, saying

FAR_AWAY = """
import socket
_real = socket.getaddrinfo
def getaddrinfo(host, *rest, **named):
    return _real("127.0.0.1" if host in ("far.example", b"far.example") else host, *rest, **named)
socket.getaddrinfo = getaddrinfo
"""
CONSENT_REQUIRED = 4603
AGREES = re.compile(r"(allow|agree|send|yes|always)\b", re.IGNORECASE)

Answer = Callable[[JsonObject], JsonObject | None]


@pytest.fixture
def provider() -> Iterator[Upstream]:
    with Upstream(replying(FINDING)) as upstream:
        yield upstream


@pytest.fixture
def connect(launch: Launch, provider: Upstream, tmp_path: Path) -> Callable[..., Client]:
    """A server for which `provider` lives on another machine."""
    (tmp_path / "sitecustomize.py").write_text(FAR_AWAY)
    workspace = tmp_path / "workspace"
    workspace.mkdir()

    def start(answer: Answer, maestro: JsonObject | None = None, **variables: str) -> Client:
        url = provider.url.replace("127.0.0.1", "far.example")
        client = launch(
            GOOGLE_GEMINI_BASE_URL=url, MAESTRO_DEFAULTS__AUDIT=MODEL, PYTHONPATH=str(tmp_path), **variables
        )
        client.asked_user = []

        def ask(params: JsonObject) -> JsonObject | None:
            client.asked_user.append(params)
            return answer(params)

        client.answers["window/showMessageRequest"] = ask
        uri = workspace.as_uri()
        client.initialize(maestro, workspaceFolders=[{"uri": uri, "name": "w"}], rootUri=uri)
        gemini_session(client)
        return client

    return start


def dismiss(_: JsonObject) -> None:
    """Close the question without an answer."""


def agree(params: JsonObject) -> JsonObject:
    return next(action for action in params["actions"] if AGREES.match(action["title"]))


def refuse(params: JsonObject) -> JsonObject:
    return next(action for action in params["actions"] if not AGREES.match(action["title"]))


def sent(provider: Upstream) -> list[bytes]:
    return [exchange.body for exchange in provider.exchanges]


@pytest.mark.parametrize("answer", [dismiss, refuse], ids=["dismissed", "refused"])
def test_without_consent_nothing_is_sent(
    connect: Callable[..., Client], provider: Upstream, tmp_path: Path, answer: Answer
) -> None:
    client = connect(answer)
    document = Document(client, tmp_path / "workspace" / "a.py")

    error = client.refused("maestro/audit/run", {"target": {"uri": document.uri}})

    assert (error.code, error.kind) == (CONSENT_REQUIRED, "consentRequired")
    assert len(client.asked_user) == 1
    assert sent(provider) == []


def test_with_consent_it_is_asked_once(connect: Callable[..., Client], provider: Upstream, tmp_path: Path) -> None:
    client = connect(agree)
    document = Document(client, tmp_path / "workspace" / "a.py")

    assert document.audit()["status"] == "complete"
    document.change(SOURCE + "# more\n")
    assert document.audit()["status"] == "complete"

    assert len(client.asked_user) == 1
    assert "gemini" in client.asked_user[0]["message"].lower()
    assert sent(provider)


def test_never_asks_nobody(connect: Callable[..., Client], provider: Upstream, tmp_path: Path) -> None:
    client = connect(agree, MAESTRO_AUDIT__CONSENT="never")
    document = Document(client, tmp_path / "workspace" / "a.py")

    assert client.refused("maestro/audit/run", {"target": {"uri": document.uri}}).code == CONSENT_REQUIRED
    assert client.asked_user == []
    assert sent(provider) == []


def test_always_asks_nobody(connect: Callable[..., Client], provider: Upstream, tmp_path: Path) -> None:
    client = connect(dismiss, {"settings": {"audit": {"consent": "always"}}})
    document = Document(client, tmp_path / "workspace" / "a.py")

    assert document.audit()["status"] == "complete"
    assert client.asked_user == []


@pytest.mark.parametrize("settings", [{}, {"audit": {"consent": "always"}}], ids=["ask", "always"])
def test_untrusted_workspace_sends_nothing(
    connect: Callable[..., Client], provider: Upstream, tmp_path: Path, settings: JsonObject
) -> None:
    client = connect(agree, {"trusted": False, "settings": settings})
    document = Document(client, tmp_path / "workspace" / "a.py")

    assert client.refused("maestro/audit/run", {"target": {"uri": document.uri}}).code == CONSENT_REQUIRED
    assert sent(provider) == []


def test_cancel_takes_the_question_back(connect: Callable[..., Client], provider: Upstream, tmp_path: Path) -> None:
    """R12: whoever does not answer has not agreed."""
    answered = threading.Event()

    def never(_: JsonObject) -> None:
        assert answered.wait(30)

    client = connect(never)
    document = Document(client, tmp_path / "workspace" / "a.py")
    request_id = client.start("maestro/audit/run", {"target": {"uri": document.uri}})
    client.wait(lambda m: m.get("method") == "window/showMessageRequest")

    client.cancel(request_id)

    assert client.refusal(request_id).code == -32800
    answered.set()
    client.settle()
    assert sent(provider) == []


def test_chat_needs_no_consent(connect: Callable[..., Client], provider: Upstream) -> None:
    """What a user types is theirs to send."""
    provider.script = saying("hello")
    client = connect(dismiss)

    assert client.request("maestro/chat/complete", scripted())["stopReason"] == "endTurn"
    assert client.asked_user == []
