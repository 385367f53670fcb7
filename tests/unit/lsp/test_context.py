"""Progress: events as they are, human words four times a second."""

import asyncio

import pytest

from maestro.lsp import context as module
from maestro.lsp.context import ProgressSink, Work
from maestro.lsp.writer import CAPACITY
from maestro_protocol.base import JsonObject
from maestro_protocol.events import AuditStarted
from tests.unit.lsp.peer import Peer, RecordingBackend

pytestmark = pytest.mark.asyncio


async def values(peer: Peer) -> list[JsonObject]:
    return [m["params"]["value"] for m in await peer.settle() if m.get("method") == "$/progress"]  # type: ignore[index, call-overload, misc]


async def test_nothing_is_said_on_a_token_after_its_answer() -> None:
    peer = Peer(RecordingBackend())
    sink = ProgressSink(peer.outbox, "t")
    sink.send(AuditStarted(audit_id="a"))
    assert sink.has_room
    await sink.room()
    sink.close()
    sink.send(AuditStarted(audit_id="b"))

    assert await values(peer) == [{"type": "audit.started", "auditId": "a"}]


async def test_work_begins_and_ends_once() -> None:
    peer = Peer(RecordingBackend())
    work = Work(peer.outbox, 1)
    work.end()
    work.report("before")
    work.begin("Title", "first")
    work.end("last")
    work.end("again")
    work.report("after")

    assert await values(peer) == [
        {"kind": "begin", "title": "Title", "cancellable": True, "message": "first"},
        {"kind": "end", "message": "last"},
    ]
    assert work._timer is None


async def test_reports_are_thinned_and_the_latest_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REPORT_INTERVAL", 3600)
    peer = Peer(RecordingBackend())
    work = Work(peer.outbox, 1)
    work.begin("Title")
    for number in range(100):
        work.report(f"step {number}", number)
    assert len(await values(peer)) == 1
    work._flush()
    work.begin("another title")
    work._flush()
    work._flush()
    work.report("at once, nothing was said for a while")

    assert [value.get("message") for value in await values(peer)] == [
        None,
        "step 99",
        "another title",
        "at once, nothing was said for a while",
    ]
    assert (await values(peer))[1]["percentage"] == 99
    work.end()


async def test_reports_wait_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REPORT_INTERVAL", 3600)
    peer = Peer(RecordingBackend())
    work = Work(peer.outbox, 1)
    work.begin("Title")
    work._flush()
    peer.outbox._pushed += CAPACITY
    work.report("waits")
    assert work._pending is not None and work._timer is not None
    peer.outbox._pushed -= CAPACITY
    work._flush()

    assert [value["kind"] for value in await values(peer)] == ["begin", "report"]
    work.end()


async def test_without_a_token_nothing_is_said() -> None:
    peer = Peer(RecordingBackend())
    work = Work(peer.outbox, None)
    work.begin("Title")
    work.report("x")
    work.end()
    await asyncio.sleep(0)

    assert await values(peer) == []
