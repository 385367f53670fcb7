"""One recording per oddity of each wire, against what it must decode to."""

from typing import cast

import pytest

from maestro_protocol.base import JsonObject
from tests.unit.streaming import mangling
from tests.unit.streaming.support import OWN, SHARED, Recording, fold, recordings, run, usage_fields

RECORDINGS = recordings(OWN)
each_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.name)
every_recording = pytest.mark.parametrize(
    "recording", [*RECORDINGS, *recordings(SHARED)], ids=lambda recording: recording.name
)


def test_every_wire_has_recordings() -> None:
    assert {recording.wire for recording in RECORDINGS} == {"chat", "responses", "messages", "gemini", "geminiArray"}


@each_recording
def test_decodes_as_expected(recording: Recording) -> None:
    messages, parser = run([recording.data], recording.wire)
    folded, expected = fold(messages), recording.expected
    assert folded.text == expected["text"]
    assert folded.reasoning == expected["reasoning"]
    assert folded.refusal == expected["refusal"]
    assert usage_fields(folded.usage) == expected["usage"]
    assert parser.bad_events == expected.get("bad_events", 0)
    done = folded.done[-1] if folded.done else None
    assert (done and done.stop_reason) == expected["stop_reason"]
    assert (done and done.raw_stop_reason) == expected["raw_stop_reason"]
    assert (done.replay.items if done and done.replay else None) == expected.get("replay")


@each_recording
def test_calls_are_as_expected(recording: Recording) -> None:
    calls = fold(run([recording.data], recording.wire)[0]).calls
    wanted = cast("list[JsonObject]", recording.expected["tool_calls"])
    assert [(c.id, c.name, c.arguments, c.complete) for c in calls] == [
        (w["id"], w["name"], w["arguments"], w["complete"]) for w in wanted
    ]
    for call, want in zip(calls, wanted, strict=True):
        assert call.raw_arguments == want.get("raw", call.raw_arguments)


@each_recording
def test_errors_are_as_expected(recording: Recording) -> None:
    folded = fold(run([recording.data], recording.wire)[0])
    expected = cast("JsonObject | None", recording.expected["error"])
    if expected is None:
        assert not folded.errors
        return
    (error,) = folded.errors
    assert (error.kind, error.code) == (expected["kind"], expected["code"])
    assert error.retry_after == expected.get("retry_after")
    assert error.partial == folded.shown
    assert error.message and "sk-proj" not in error.message


@every_recording
def test_chunking_changes_nothing(recording: Recording) -> None:
    mangling.check_splits(recording)


@every_recording
def test_line_ends_bom_and_comments_change_nothing(recording: Recording) -> None:
    mangling.check_mangled(recording)


@every_recording
def test_last_blank_line_removed(recording: Recording) -> None:
    mangling.check_last_blank_line_removed(recording)


@every_recording
def test_cut_at_every_event(recording: Recording) -> None:
    mangling.check_cut_at_every_event(recording)
