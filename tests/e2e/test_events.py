"""Turns as an editor sees them: order, numbers, tokens and text (R2 to R7)."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from maestro_protocol.base import JsonObject
from maestro_protocol.methods import METHODS
from tests.e2e.client import Client, ResponseError
from tests.e2e.conftest import Launch
from tests.e2e.environment import environment
from tests.e2e.turns import TERMINAL, check_turn, gemini_session, new_token, scripted, text_of
from tests.e2e.upstream import MODEL, Exchange, Script, Upstream, end, event, never_ending, saying, text

Play = Callable[[Script], None]


@pytest.fixture(scope="module")
def provider() -> Iterator[Upstream]:
    with Upstream(saying("Hello", " world")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, provider: Upstream) -> Iterator[Client]:
    variables = environment(tmp_path_factory.mktemp("home"), GOOGLE_GEMINI_BASE_URL=provider.url)
    with Client(variables) as client:
        client.initialize({})
        gemini_session(client)
        yield client
        client.end()


@pytest.fixture
def play(provider: Upstream) -> Iterator[Play]:
    """Another script for this test."""
    usual = provider.script

    def use(script: Script) -> None:
        provider.script = script

    yield use
    provider.script = usual


def send(**more: object) -> JsonObject:
    return {"input": "hi", "model": MODEL, "sessionId": "scripted", **more}


def test_streamed_turn_of_a_chat(client: Client) -> None:
    token = new_token()
    request_id = client.start("maestro/chat/send", send(partialResultToken=token))
    result = client.response(request_id)

    events = check_turn(client, request_id, token)
    assert events[0]["seq"] == 1
    assert events[0]["model"] == MODEL
    assert text_of(events) == "Hello world"
    assert "message" not in result, "with a partialResultToken the result carries no text again"
    assert result["stopReason"] == events[-1]["stopReason"] == "endTurn"
    assert result["turnId"] == events[0]["turnId"]
    assert result["userMessageId"] == events[0]["userMessageId"]
    assert {e["chatId"] for e in events} == {result["chatId"]}
    assert result["lastSeq"] == events[-1]["seq"]
    assert result["usage"] == events[-1]["usage"]
    assert (result["usage"]["inputTokens"], result["usage"]["totalTokens"]) == (3, 8)


def test_nothing_names_a_turn_before_it_starts(client: Client) -> None:
    token = new_token()
    request_id = client.start("maestro/chat/send", send(partialResultToken=token))
    result = client.response(request_id)

    names = {result["chatId"], result["turnId"], result["userMessageId"]}
    first = next(m for m in client.received() if any(name in str(m) for name in names))
    assert first["method"] == "$/progress"
    assert first["params"]["value"]["type"] == "turn.started"


def test_seq_goes_on_through_the_turns_of_a_chat(client: Client) -> None:
    chat_id, seqs = None, []
    for _ in range(3):
        token = new_token()
        request_id = client.start("maestro/chat/send", send(partialResultToken=token, chatId=chat_id))
        chat_id = client.response(request_id)["chatId"]
        seqs += [e["seq"] for e in check_turn(client, request_id, token)]

    assert seqs == list(range(1, len(seqs) + 1))


def test_chat_remembers_what_was_said(client: Client, provider: Upstream) -> None:
    first = client.request("maestro/chat/send", send())
    client.request("maestro/chat/send", send(chatId=first["chatId"]))

    contents = provider.exchanges[-1].json["contents"]
    assert [c["role"] for c in contents] == ["user", "model", "user"]
    assert "".join(p["text"] for p in contents[1]["parts"]) == "Hello world"


def test_turn_without_a_token_carries_its_message(client: Client) -> None:
    start = len(client.received())
    result = client.request("maestro/chat/complete", scripted())

    assert _text(result["message"]) == "Hello world"
    assert result["message"]["role"] == "assistant"
    assert not any(m.get("method") == "$/progress" for m in client.received()[start:])


def _text(message: JsonObject) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(p.get("text", "") for p in content if p["type"] == "text")


def test_two_tokens_never_mix(client: Client) -> None:
    partial, work = new_token(), new_token()
    request_id = client.start("maestro/chat/complete", scripted(partialResultToken=partial, workDoneToken=work))
    client.response(request_id)

    check_turn(client, request_id, partial)
    values = client.events(work)
    kinds = [value["kind"] for value in values]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert set(kinds[1:-1]) <= {"report"}
    assert values[0]["title"]
    assert not any("type" in value for value in values)
    assert "Hello" not in str(values)


def test_tokens_of_another_type_are_other_tokens(client: Client) -> None:
    request_id = client.start("maestro/chat/complete", scripted(partialResultToken=1001, workDoneToken="1001"))
    client.response(request_id)

    check_turn(client, request_id, 1001)
    assert {value["kind"] for value in client.events("1001")} >= {"begin", "end"}


def test_concurrent_turns_keep_to_their_tokens(client: Client, play: Play) -> None:
    def echo(exchange: Exchange) -> None:
        asked = exchange.json["contents"][-1]["parts"][0]["text"]
        exchange.stream(*(text(f"{asked}-{n} ") for n in range(50)), end())

    play(echo)
    tokens = [new_token() for _ in range(10)]
    ids = [client.start("maestro/chat/complete", scripted(token, partialResultToken=token)) for token in tokens]

    for request_id, token in zip(ids, tokens, strict=True):
        client.response(request_id)
        events = check_turn(client, request_id, token)
        assert events[0]["seq"] == 1
        assert text_of(events) == "".join(f"{token}-{n} " for n in range(50))


def test_split_surrogates_arrive_joined(client: Client, play: Play) -> None:
    """T6: half an emoji is held back until its other half comes."""
    play(saying("a\ud83d", "\ude00b", "\ud83d", "\ude01", "end"))
    token = new_token()
    request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token))
    client.response(request_id)

    events = check_turn(client, request_id, token)
    assert text_of(events) == "a\U0001f600b\U0001f601end"
    assert all(e["text"].isprintable() for e in events if e["type"] == "text.delta")


def test_half_an_emoji_at_the_end_breaks_nothing(client: Client, play: Play) -> None:
    play(saying("half \ud83d"))
    token = new_token()
    request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token))

    assert client.response(request_id)["stopReason"] == "endTurn"
    assert text_of(check_turn(client, request_id, token)).startswith("half ")
    assert client.request("maestro/chat/complete", scripted())["stopReason"] == "endTurn"


def test_reasoning_and_text_are_told_apart_in_order(client: Client, play: Play) -> None:
    thought = text("hmm ")
    thought["candidates"][0]["content"]["parts"][0]["thought"] = True
    play(lambda exchange: exchange.stream(thought, text("answer"), end()))
    token = new_token()
    request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token))
    client.response(request_id)

    deltas = [e for e in check_turn(client, request_id, token) if e["type"].endswith(".delta")]
    assert [(e["type"], e["text"]) for e in deltas] == [("reasoning.delta", "hmm "), ("text.delta", "answer")]
    assert deltas[0]["partId"] != deltas[1]["partId"]
    assert deltas[0]["messageId"] == deltas[1]["messageId"]


def test_tool_calls_are_announced_and_returned(client: Client, play: Play) -> None:
    call = text("")
    call["candidates"][0]["content"]["parts"] = [
        {"functionCall": {"name": "look", "args": {"jsonrpc": "2.0", "id": 1}}}
    ]
    play(lambda exchange: exchange.stream(text("let me see"), call, end()))
    tool = {"name": "look", "description": "Look.", "inputSchema": {"type": "object", "properties": {}}}
    token = new_token()
    request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token, tools=[tool]))
    result = client.response(request_id)

    events = check_turn(client, request_id, token)
    kinds = [e["type"] for e in events]
    assert kinds.index("tool.started") < kinds.index("tool.ready")
    ready = events[kinds.index("tool.ready")]
    assert (ready["name"], ready["input"]) == ("look", {"jsonrpc": "2.0", "id": 1})
    assert result["stopReason"] == "toolUse"
    assert [(c["id"], c["input"]) for c in result["toolCalls"]] == [(ready["toolCallId"], ready["input"])]
    assert "message" not in result


@pytest.mark.parametrize(
    ("reason", "stop_reason"), [("STOP", "endTurn"), ("MAX_TOKENS", "maxTokens"), ("SAFETY", "contentFilter")]
)
def test_stop_reasons(client: Client, play: Play, reason: str, stop_reason: str) -> None:
    play(lambda exchange: exchange.stream(text("so "), end(reason)))

    assert client.request("maestro/chat/complete", scripted())["stopReason"] == stop_reason


def test_second_send_while_a_turn_runs_is_refused(client: Client, play: Play) -> None:
    play(never_ending())
    token = new_token()
    running = client.start("maestro/chat/send", send(partialResultToken=token))
    chat_id = client.event(token, lambda e: e["type"] == "text.delta")["chatId"]

    refusal = client.refused("maestro/chat/send", send(chatId=chat_id))

    assert (refusal.code, refusal.kind) == (4302, "turnInProgress")
    client.cancel(running)
    assert client.response(running)["stopReason"] == "cancelled"
    check_turn(client, running, token)
    play(saying("again"))
    assert client.request("maestro/chat/send", send(chatId=chat_id))["stopReason"] == "endTurn"


def test_file_of_an_input_is_the_text_on_screen(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("on disk")
    with Upstream(saying("read")) as provider:
        client = launch(GOOGLE_GEMINI_BASE_URL=provider.url)
        client.initialize(workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "w"}], rootUri=tmp_path.as_uri())
        gemini_session(client)
        document = {"uri": path.as_uri(), "languageId": "markdown", "version": 1, "text": "on screen"}
        client.notify("textDocument/didOpen", {"textDocument": document})
        parts = [{"type": "text", "text": "What does it say?"}, {"type": "file", "uri": path.as_uri()}]

        client.request("maestro/chat/send", send(input=parts))

        assert b"on screen" in provider.exchanges[0].body
        assert b"on disk" not in provider.exchanges[0].body


def test_file_outside_the_workspace_is_not_sent(
    client: Client, provider: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "private.txt"
    path.write_text("private")
    asked = len(provider.exchanges)

    error = client.refused("maestro/chat/send", send(input=[{"type": "file", "uri": path.as_uri()}]))

    assert error.code == 4406
    assert len(provider.exchanges) == asked


def test_unknown_chat(client: Client) -> None:
    assert client.refused("maestro/chat/send", send(chatId="chat_none")).code == 4301
    assert client.refused("maestro/chat/cancel", {"chatId": "chat_none"}).code == 4301


def test_same_client_request_id_is_the_same_turn(client: Client, provider: Upstream) -> None:
    """R11: a repeated send answers again and asks nobody; with other params it is refused."""
    first = client.request("maestro/chat/send", send(clientRequestId="once"))
    asked = len(provider.exchanges)

    assert client.request("maestro/chat/send", send(clientRequestId="once")) == first
    assert len(provider.exchanges) == asked
    assert client.refused("maestro/chat/send", send(clientRequestId="once", input="other")).code == -32602


def test_more_turns_than_allowed(launch: Launch) -> None:
    with Upstream(never_ending()) as provider:
        client = launch(GOOGLE_GEMINI_BASE_URL=provider.url, MAESTRO_LIMITS__MAX_ACTIVE_TURNS=2)
        client.initialize()
        gemini_session(client)
        running = [client.start("maestro/chat/complete", scripted()) for _ in range(2)]
        provider.wait(2)

        refusal = client.refused("maestro/chat/complete", scripted())

        assert (refusal.code, refusal.data["retryable"]) == (4701, True)
        for request_id in running:
            client.cancel(request_id)
            assert client.response(request_id)["stopReason"] == "cancelled"


REQUESTS = [m.name for m in METHODS if m.kind == "request" and m.direction == "clientToServer"]


@pytest.mark.parametrize("method", REQUESTS)
def test_both_tokens_are_legal_on_every_request(shared_server: Client, method: str) -> None:
    """R15"""
    try:
        shared_server.request(method, {"workDoneToken": new_token(), "partialResultToken": 3, "_meta": {"a": [1]}})
    except ResponseError as error:
        paths = [issue["path"] for issue in error.data.get("issues", [])]
        assert not {"workDoneToken", "partialResultToken", "_meta"} & set(paths)


def test_status_follows_the_work(client: Client, play: Play) -> None:
    play(never_ending())
    assert client.request("maestro/status")["state"] == "normal"
    before = len(client.received())
    running = client.start("maestro/chat/complete", scripted())
    client.wait(
        lambda m: m.get("method") == "maestro/status/didChange" and m["params"]["state"] == "busy", after=before
    )

    client.cancel(running)
    client.response(running)

    client.wait(
        lambda m: m.get("method") == "maestro/status/didChange" and m["params"]["state"] == "normal", after=before
    )


def test_merged_deltas_leave_no_gap_in_seq(client: Client, play: Play) -> None:
    """Events are merged first and numbered then: what is sent has no gaps whatever was merged."""
    play(lambda exchange: exchange.stream(*(text("x") for _ in range(500)), end()))
    token = new_token()
    request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token))
    client.response(request_id)

    events = check_turn(client, request_id, token)
    assert all(b["seq"] == a["seq"] + 1 for a, b in pairwise(events))
    assert text_of(events) == "x" * 500
    assert [e["type"] for e in events if e["type"] == TERMINAL] == [TERMINAL]


def test_nothing_follows_the_answer(client: Client) -> None:
    token, work = new_token(), new_token()
    request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token, workDoneToken=work))
    client.response(request_id)
    client.settle()
    client.request("maestro/status")

    received = client.received()
    answered = next(n for n, m in enumerate(received) if m.get("id") == request_id and "method" not in m)
    late = [m for m in received[answered:] if m.get("method") == "$/progress"]
    assert [m for m in late if m["params"]["token"] in (token, work)] == []


def test_frames_of_odd_text_are_valid_in_every_byte(client: Client, play: Play) -> None:
    """The strict reader checks every frame; this feeds it what usually breaks byte counts."""
    words = ["é" * 100, "漢字" * 100, "🙂" * 100, "\u2028\u2029\x00\x7f", '"\\\b']
    play(lambda exchange: _write_all(exchange, words))
    token = new_token()
    request_id = client.start("maestro/chat/complete", scripted(partialResultToken=token))
    client.response(request_id)

    assert text_of(check_turn(client, request_id, token)) == "".join(words)
    assert client.faults == []


def _write_all(exchange: Exchange, words: list[str]) -> None:
    exchange.open_stream()
    for word in words:
        exchange.write(event(text(word)))
    exchange.write(event(end()))
    exchange.close_stream()
