"""Asking for turns, and what every turn's events must look like."""

from collections.abc import Sequence
from itertools import count

from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from tests.e2e.client import Client, is_answer, key
from tests.e2e.upstream import MODEL

TERMINAL = "turn.completed"
_tokens = count(1)


def gemini_session(client: Client, name: str = "scripted", api_key: str = "AIza-not-a-real-key-0001") -> JsonObject:
    """A session on the provider that `Upstream` plays."""
    params = {"provider": "gemini", "authType": "api_key", "name": name, "apiKey": api_key}
    step = client.request("maestro/session/create", params)
    assert step["type"] == "done", step
    return step["session"]


def complete(text: str, **more: JsonValue) -> JsonObject:
    """Params of `maestro/chat/complete` on the offline provider."""
    return {"messages": [{"role": "user", "content": text}], **more}


def scripted(text: str = "hi", **more: JsonValue) -> JsonObject:
    """Params of `maestro/chat/complete` on `Upstream`."""
    return complete(text, model=MODEL, sessionId="scripted", **more)


def new_token() -> str:
    return f"token-{next(_tokens)}"


def text_of(events: Sequence[JsonObject]) -> str:
    return "".join(e["text"] for e in events if e["type"] == "text.delta")


def check_turn(client: Client, request_id: JsonValue, token: str) -> list[JsonObject]:
    """The events of an answered request, after checking R2, R3, R4, R5, R6 on them."""
    answer_at, progress = _positions(client, request_id, token)
    events = [value for _, value in progress]
    assert events, "a turn has events"
    assert events[0]["type"] == "turn.started"
    assert [e["type"] for e in events].count(TERMINAL) == 1
    assert events[-1]["type"] == TERMINAL
    assert [e["seq"] for e in events] == list(range(events[0]["seq"], events[0]["seq"] + len(events)))
    assert len({e["turnId"] for e in events}) == 1
    assert not any({"kind", "title"} & e.keys() for e in events)
    assert all(position < answer_at for position, _ in progress), "every event stands before the final answer"
    return events


def _positions(client: Client, request_id: JsonValue, token: str) -> tuple[int, list[tuple[int, JsonObject]]]:
    answer_at, progress = -1, []
    for position, message in enumerate(client.received()):
        if is_answer(message) and key(message["id"]) == key(request_id):
            answer_at = position
        elif message.get("method") == "$/progress" and message["params"]["token"] == token:
            progress.append((position, message["params"]["value"]))
    return answer_at, progress
