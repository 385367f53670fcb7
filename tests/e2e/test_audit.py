"""Audits over the wire: what is published, what stays, and what is never sent."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from tests.e2e.audits import FINDING, QUOTE, SOURCE, Document, asked, replying, say
from tests.e2e.client import Client
from tests.e2e.environment import environment
from tests.e2e.turns import gemini_session, new_token
from tests.e2e.upstream import MODEL, Exchange, Script, Upstream


@pytest.fixture(scope="module")
def provider() -> Iterator[Upstream]:
    with Upstream(replying(FINDING)) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def client(home: Path, provider: Upstream) -> Iterator[Client]:
    variables = environment(
        home, GOOGLE_GEMINI_BASE_URL=provider.url, MAESTRO_DEFAULTS__AUDIT=MODEL, MAESTRO_RETRY__MAX_DELAY_MS="10"
    )
    with Client(variables) as client:
        client.initialize(workspaceFolders=[{"uri": home.as_uri(), "name": "home"}], rootUri=home.as_uri())
        gemini_session(client)
        yield client
        client.end()


@pytest.fixture
def document(client: Client, provider: Upstream, home: Path, request: pytest.FixtureRequest) -> Document:
    provider.script = replying(FINDING)
    provider.exchanges.clear()
    return Document(client, home / f"{abs(hash(request.node.name))}.py")


def test_findings_become_diagnostics_of_the_audited_version(document: Document) -> None:
    document.change(SOURCE + "\n")
    result = document.audit()

    assert result["status"] == "complete"
    [finding] = result["findings"]
    assert finding["range"]["start"] == {"line": 3, "character": 4}
    assert finding["uri"] == document.uri
    [published] = document.published()
    assert published["version"] == document.version == 2
    [diagnostic] = published["diagnostics"]
    assert diagnostic["source"] == "maestro"
    assert diagnostic["code"] == "swallowed-error"
    assert diagnostic["severity"] == 2
    assert diagnostic["range"] == finding["range"]
    assert diagnostic["data"]["findingId"] == finding["id"]


def test_line_is_a_hint_and_the_quote_decides(document: Document, provider: Upstream) -> None:
    provider.script = replying({**FINDING, "line": 1, "quote": "except:"})

    [finding] = document.audit()["findings"]

    assert finding["range"]["start"]["line"] == 3


def test_invented_quote_is_no_diagnostic(document: Document, provider: Upstream) -> None:
    provider.script = replying({**FINDING, "quote": "this_line = is_in_no_file(42)"})

    result = document.audit()

    assert result["findings"] == []
    assert [f["title"] for f in result["unverified"]] == ["Bare except"]
    assert document.published()[-1]["diagnostics"] == []


def test_events_of_an_audit(document: Document, client: Client) -> None:
    token, work = new_token(), new_token()
    request_id = client.start(
        "maestro/audit/run",
        {"target": {"uri": document.uri}, "fresh": True, "partialResultToken": token, "workDoneToken": work},
    )
    result = client.response(request_id)

    events = client.events(token)
    assert [e["type"] for e in events] == ["audit.started", "audit.findings", "audit.completed"]
    assert {e["auditId"] for e in events} == {result["auditId"]}
    assert events[-1]["status"] == "complete"
    assert not any({"kind", "title"} & e.keys() for e in events)
    kinds = [value["kind"] for value in client.events(work)]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    first = next(m for m in client.received() if result["auditId"] in str(m))
    assert first["params"]["value"]["type"] == "audit.started"


def refuse(exchange: Exchange) -> None:
    exchange.answer(400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "No."}})


def overloaded(exchange: Exchange) -> None:
    exchange.answer(503, {"error": {"code": 503, "status": "UNAVAILABLE", "message": "Busy."}})


def nonsense(exchange: Exchange) -> None:
    say(exchange, "LGTM!")


@pytest.mark.parametrize(
    "script",
    [
        replying(audit_id="0" * 32),
        replying(reviewed=[]),
        replying(finish="SAFETY"),
        replying(finish="RECITATION"),
        refuse,
        overloaded,
        nonsense,
    ],
    ids=["wrong-nonce", "not-reviewed", "safety", "recitation", "refused", "overloaded", "prose"],
)
def test_failure_is_never_clean_and_keeps_old_diagnostics(
    document: Document, provider: Upstream, script: Script
) -> None:
    document.audit()
    [before] = document.published()
    provider.script = script

    result = document.audit()

    assert result["status"] in ("failed", "partial")
    assert result["error"]["code"]
    assert all(p["diagnostics"] == before["diagnostics"] for p in document.published())


def test_truncated_reply_is_partial(document: Document, provider: Upstream) -> None:
    def truncated(exchange: Exchange) -> None:
        request = asked(exchange)
        reviewed = [chunk["id"] for chunk in request["chunks"]]
        reply = json.dumps({"audit_id": request["audit_id"], "reviewed": reviewed, "findings": [FINDING, FINDING]})
        say(exchange, reply[:-60], "MAX_TOKENS")

    provider.script = truncated
    result = document.audit()

    assert result["status"] in ("partial", "failed")


def test_result_for_an_old_text_is_not_published_on_the_new_one(document: Document, provider: Upstream) -> None:
    """The document changes while the provider thinks."""
    honest = replying(FINDING)

    def meanwhile(exchange: Exchange) -> None:
        document.change("\n\n\n" + SOURCE)
        document.client.settle()
        honest(exchange)

    provider.script = meanwhile
    document.audit()
    document.client.settle()

    for published in document.published():
        lines = {1: SOURCE, 2: "\n\n\n" + SOURCE}[published["version"]].splitlines()
        for diagnostic in published["diagnostics"]:
            assert lines[diagnostic["range"]["start"]["line"]] == QUOTE


def test_cancel_of_an_audit(document: Document, client: Client, provider: Upstream) -> None:
    def silent(exchange: Exchange) -> None:
        exchange.wait_gone()
        exchange.handler.close_connection = True

    provider.script = silent
    token = new_token()
    params = {"target": {"uri": document.uri}, "fresh": True, "partialResultToken": token}
    request_id = client.start("maestro/audit/run", params)
    exchange = provider.wait(1)

    client.cancel(request_id)

    client.wait(lambda m: m.get("id") == request_id and "method" not in m)
    [answer] = client.responses(request_id)
    assert answer.get("result", {}).get("status") == "cancelled" or answer["error"]["code"] == -32800
    assert [e["type"] for e in client.events(token)].count("audit.completed") == 1
    assert exchange.gone.wait(10)


@pytest.mark.parametrize(
    "target",
    [{}, {"uri": "file:///no/such/file.py"}, {"uri": "not a uri"}, {"uri": "https://example.com/a.py"}],
    ids=json.dumps,
)
def test_targets_that_cannot_be_audited(client: Client, provider: Upstream, target: JsonObject) -> None:
    provider.exchanges.clear()

    error = client.refused("maestro/audit/run", {"target": target})

    assert error.code in (4601, 4406, -32602)
    assert provider.exchanges == []


def test_file_outside_the_workspace_is_not_sent(
    client: Client, provider: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.py"
    outside.write_text(SOURCE)
    provider.exchanges.clear()

    assert client.refused("maestro/audit/run", {"target": {"uri": outside.as_uri()}}).code in (4406, 4601)
    assert provider.exchanges == []


def test_secrets_in_the_code_stay_here(document: Document, provider: Upstream) -> None:
    key = "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"
    document.change(f'KEY = "{key}"\n' + SOURCE)

    document.audit()

    assert provider.exchanges
    assert all(key.encode() not in exchange.body for exchange in provider.exchanges)
