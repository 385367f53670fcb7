"""Requests to the editor: their own ids, a deadline, and no mistaken answers."""

import asyncio

import pytest

from maestro.lsp.messages import RpcError
from tests.unit.lsp.peer import Peer, RecordingBackend

pytestmark = pytest.mark.asyncio


async def asked(peer: Peer, method: str) -> str:
    (message,) = [m for m in await peer.settle() if m.get("method") == method]
    call_id = message["id"]
    assert isinstance(call_id, str)
    return call_id


async def test_an_answer_reaches_who_asked() -> None:
    peer = Peer(RecordingBackend())
    call = asyncio.create_task(peer.connection.calls.call("window/ask", b'{"a":1}', 30))
    call_id = await asked(peer, "window/ask")
    peer.send({"jsonrpc": "2.0", "id": call_id, "result": {"title": "Yes"}})

    assert await call == {"title": "Yes"}
    peer.send({"jsonrpc": "2.0", "id": call_id, "result": "twice"})
    peer.send({"jsonrpc": "2.0", "id": 1, "result": "nobody"}, {"jsonrpc": "2.0", "id": [], "error": None})
    assert [m for m in await peer.settle() if "error" in m or m.get("method") == "$/cancelRequest"] == []


@pytest.mark.parametrize(("error", "code"), [({"code": -32601, "message": "canary"}, -32601), ("canary", -32603)])
async def test_a_refusal_is_an_error_without_its_text(error: object, code: int) -> None:
    peer = Peer(RecordingBackend())
    call = asyncio.create_task(peer.connection.calls.call("window/ask", b"{}", None))
    peer.send({"jsonrpc": "2.0", "id": await asked(peer, "window/ask"), "error": error})  # type: ignore[dict-item]

    with pytest.raises(RpcError) as caught:
        await call
    assert caught.value.code == code
    assert "canary" not in str(caught.value)


async def test_after_the_deadline_nobody_waits() -> None:
    peer = Peer(RecordingBackend())
    with pytest.raises(TimeoutError):
        await peer.connection.calls.call("window/ask", b"{}", 0.01)
    call_id = await asked(peer, "window/ask")

    assert [m["params"] for m in peer.messages if m.get("method") == "$/cancelRequest"] == [{"id": call_id}]
    peer.send({"jsonrpc": "2.0", "id": call_id, "result": "late"})
    assert not peer.connection.calls._waiting


async def test_an_answer_for_who_gave_up_is_dropped() -> None:
    peer = Peer(RecordingBackend())
    call = asyncio.create_task(peer.connection.calls.call("window/ask", b"{}", 30))
    call_id = await asked(peer, "window/ask")
    call.cancel()
    peer.send({"jsonrpc": "2.0", "id": call_id, "result": "late"})

    with pytest.raises(asyncio.CancelledError):
        await call
