"""The checks every recorded stream must pass, however its bytes arrive."""

from dataclasses import replace

import pytest

from maestro.streaming.messages import Done, Message
from maestro.streaming.sse import SseParser
from tests.unit.streaming.support import (
    Recording,
    boundaries,
    crlf,
    fold,
    has_terminal,
    parse,
    random_splits,
    single_bytes,
    with_comments,
)


def check_splits(recording: Recording) -> None:
    data = recording.data
    whole = parse([data], recording.wire)
    assert parse(single_bytes(data), recording.wire) == whole
    for seed in range(4):
        assert parse(random_splits(data, seed), recording.wire) == whole


def check_mangled(recording: Recording) -> None:
    if recording.wire == "geminiArray":
        pytest.skip("no event framing to mangle")
    data, wire = recording.data, recording.wire
    whole = parse([data], wire)
    for mangled in (crlf(data), crlf(data).replace(b"\r\n", b"\r"), b"\xef\xbb\xbf" + data, with_comments(data)):
        assert parse([mangled], wire) == whole
        assert parse(single_bytes(mangled), wire) == whole


def check_last_blank_line_removed(recording: Recording) -> None:
    data, wire = recording.data, recording.wire
    whole = parse([data], wire)
    framing = SseParser()
    framing.feed(data.rstrip())
    unterminated = wire != "geminiArray" and any(not event.terminated for event in framing.close())
    for cut in (data.rstrip(), data.rstrip() + b"\n"):
        messages = parse([cut], wire)
        assert _terminated(messages) == _terminated(whole)
        late = not any(isinstance(message, Done) for message in _before_close(cut, recording))
        if unterminated and late and isinstance(messages[-1], Done):
            assert not messages[-1].terminated


def check_cut_at_every_event(recording: Recording) -> None:
    data, wire = recording.data, recording.wire
    whole = fold(parse([data], wire))
    for end in boundaries(data):
        cut = fold(parse([data[:end]], wire))
        assert whole.text.startswith(cut.text)
        assert whole.reasoning.startswith(cut.reasoning)
        assert whole.refusal.startswith(cut.refusal)
        complete = [call for call in cut.calls if call.complete]
        assert complete == [call for call in whole.calls if call.complete][: len(complete)]
        if cut.errors and cut.errors[0].kind != "stream_interrupted":
            assert cut.errors == whole.errors
        elif not has_terminal(data[:end], wire):
            assert not cut.done
            assert [(error.kind, error.partial) for error in cut.errors] == [("stream_interrupted", cut.shown)]


def _terminated(messages: list[Message]) -> list[Message]:
    return [replace(message, terminated=True) if isinstance(message, Done) else message for message in messages]


def _before_close(data: bytes, recording: Recording) -> list[Message]:
    from maestro.streaming.parser import StreamOptions, StreamParser

    return StreamParser("any", StreamOptions(recording.wire)).feed(data)
