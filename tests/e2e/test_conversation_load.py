"""A hundred chats with agents at once on one server: all end, none loses an event, and a cancel gets through."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conversations import Talk, call, check_log, log_of, talk
from tests.simulators.personas import drip
from tests.simulators.replies import Prompt, Script

CHATS = 100
MOST_MEMORY_MB = 400
QUICKLY = 3.0
"""Seconds for a cancel on a machine with two cores that is busy with a hundred turns."""


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with talk(tmp_path_factory.mktemp("home")) as window:
        window.simulated.service.play([drip(0.005)])
        window.always(_model)
        yield window


def _model(prompt: Prompt) -> Script:
    """Two rounds of tools, then a long answer."""
    match len(prompt.tool_results):
        case 0:
            return Script(text="Let me see.", tool_calls=(call("read_file", path="notes.md"),))
        case 1:
            return Script(tool_calls=(call("search", pattern="milk"), call("list_files")))
        case _:
            return Script(text=" ".join(f"word{number}" for number in range(100)))


def test_a_hundred_chats_at_once(crowd: Talk) -> None:
    began = time.monotonic()
    turns = [crowd.send(f"Number {number}.") for number in range(CHATS)]
    for sent in turns:
        sent.wait("turn.started")
    stopped = turns[CHATS // 2]
    asked = time.monotonic()
    crowd.client.cancel(stopped.id)
    assert stopped.result()["stopReason"] == "cancelled"
    acknowledged = time.monotonic() - asked

    others = [sent for sent in turns if sent is not stopped]
    assert {sent.result()["stopReason"] for sent in others} == {"endTurn"}
    print(
        f"{CHATS} chats: {time.monotonic() - began:.1f} s, cancel {acknowledged * 1000:.0f} ms, {_peak(crowd):.0f} MB"
    )

    assert acknowledged < QUICKLY
    assert _peak(crowd) < MOST_MEMORY_MB
    assert all(sent.text.endswith("word99") for sent in others)
    assert all(len(sent.calls()) == 3 for sent in others)
    for sent in others:
        log = log_of(crowd.client, sent.chat_id)
        check_log(log)
        assert log == sent.events
    assert len(crowd.client.request("maestro/chat/list", {"limit": 500})["chats"]) == CHATS
    assert crowd.client.request("maestro/intent/verify")["ok"]


def _peak(window: Talk) -> float:
    """The most memory the server ever had, in megabytes."""
    lines = Path(f"/proc/{window.client.process.pid}/status").read_text().splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peak) / 1024
