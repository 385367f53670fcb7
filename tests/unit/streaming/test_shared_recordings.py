"""Recorded streams of public projects, where the folder that holds them is present."""

from typing import cast

import pytest

from maestro_protocol.base import JsonObject
from tests.unit.streaming.support import SHARED, Recording, fold, recordings, run

RECORDINGS = recordings(SHARED)
each_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.name)
pytestmark = pytest.mark.skipif(not RECORDINGS, reason=f"no recorded streams in {SHARED}")


@each_recording
def test_decodes_as_expected(recording: Recording) -> None:
    messages, parser = run([recording.data], recording.wire)
    folded, expected = fold(messages), recording.expected
    assert folded.text == expected["text"]
    assert folded.reasoning == expected["reasoning"]
    assert folded.refusal == expected["refusal"]
    assert (folded.usage and folded.usage.raw) == expected["usage"]
    assert (folded.done[-1].raw_stop_reason if folded.done else None) == expected["stop_reason"]
    assert bool(folded.errors) == bool(expected["errors"])
    assert parser.bad_events == expected["bad_json"]
    assert parser.comments == expected["comments"]


@each_recording
def test_calls_are_as_expected(recording: Recording) -> None:
    """Calls that the provider runs itself are no calls to us."""
    calls = fold(run([recording.data], recording.wire)[0]).calls
    wanted = [
        call
        for call in cast("list[JsonObject]", recording.expected["tool_calls"])
        if call.get("kind") != "server_tool_use"
    ]
    assert [(call.name, call.arguments, call.complete) for call in calls] == [
        (call["name"], call.get("parsed", call.get("args")), not call.get("incomplete")) for call in wanted
    ]
    for call, want in zip(calls, wanted, strict=True):
        assert want["id"] in (None, call.id)
