"""The shared cases of the editors' chat reducer, its reference, and what must hold of any log."""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import reduce as fold
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from maestro_protocol.base import JsonObject
from maestro_protocol.events import ChatEvent
from tests.unit.reducers.chat_view import reduce
from tests.unit.shape.source import ROOT

FOLDER = ROOT / "tests" / "fixtures" / "reducers" / "chat"
FILES = sorted(FOLDER.glob("*.json"))
EVENTS: TypeAdapter[ChatEvent] = TypeAdapter(ChatEvent)


def cases() -> Iterator[object]:
    for path in FILES:
        for case in json.loads(path.read_text(encoding="utf-8")):
            yield pytest.param(case, id=f"{path.stem}: {case['name']}")


@pytest.mark.parametrize("case", [*cases()])
def test_case(case: JsonObject) -> None:
    before = deepcopy(case["state"])
    assert reduce(case["state"], case["event"]) == case["expected"]
    assert case["state"] == before


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_events_are_those_of_the_protocol(path: Path) -> None:
    for case in json.loads(path.read_text(encoding="utf-8")):
        if case["event"]["type"] != "future.event":
            EVENTS.validate_json(json.dumps(case["event"]))


def test_names_are_unique() -> None:
    names = [case["name"] for path in FILES for case in json.loads(path.read_text(encoding="utf-8"))]
    assert len(names) == len(set(names))


def test_every_event_has_a_case() -> None:
    told = {case["event"]["type"] for path in FILES for case in json.loads(path.read_text(encoding="utf-8"))}
    assert told - {"future.event"} == set(EVENTS.json_schema()["discriminator"]["mapping"])


def delta(seq: int, text: str) -> JsonObject:
    return {"type": "text.delta", "turnId": "t", "seq": seq, "messageId": "m", "partId": "p", "text": text}


def test_events_in_any_order_again_and_again_come_to_the_same() -> None:
    """As a view does it that asks for what is missing: live events first, the whole log afterwards."""
    log = [delta(seq, text) for seq, text in enumerate("abcdef", 1)]
    whole = fold(reduce, log, {"turns": []})
    live = fold(reduce, [log[0], log[3], log[5]], {"turns": []})
    assert live["behind"] == 6
    assert fold(reduce, log, live) == whole
