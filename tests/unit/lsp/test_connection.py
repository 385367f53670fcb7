"""One answer per request, whatever happens to it."""

import asyncio
import logging

import pytest

from maestro.lsp import connection as module
from maestro.lsp.connection import Request
from maestro.lsp.frames import Garbage, Oversized
from maestro.lsp.messages import RpcError
from tests.unit.lsp.peer import Peer, RecordingBackend

pytestmark = pytest.mark.asyncio


async def done(request: Request) -> bytes:
    return b'"done"'


async def forever(request: Request) -> bytes:
    await asyncio.Event().wait()
    raise AssertionError


async def ready(**handlers: object) -> tuple[Peer, RecordingBackend]:
    backend = RecordingBackend(**{"done": done, "forever": forever, **handlers})  # type: ignore[arg-type]
    peer = Peer(backend)
    peer.initialize()
    await peer.settle()
    return peer, backend


async def test_a_request_is_answered() -> None:
    peer, _ = await ready()
    peer.request(1, "done")

    assert await peer.answers(1) == [{"jsonrpc": "2.0", "id": 1, "result": "done"}]


@pytest.mark.parametrize("count", [1, 200])
async def test_request_and_cancel_in_one_read(count: int) -> None:
    peer, backend = await ready()
    for number in range(count):
        peer.send(
            {"jsonrpc": "2.0", "id": number, "method": "done"},
            {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": number}},
        )

    answers = [m for m in await peer.settle() if m["id"] != "init"]
    assert [m["error"]["code"] for m in answers] == [-32800] * count  # type: ignore[index, call-overload]
    assert backend.order == []


async def test_a_second_cancel_does_not_reach_the_clean_up_of_the_first() -> None:
    cleaned = asyncio.Event()

    async def tidy(request: Request) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            cleaned.set()
        raise AssertionError

    peer, _ = await ready(tidy=tidy)
    peer.request(1, "tidy", {"workDoneToken": "w"})
    await asyncio.sleep(0)
    for _ in range(3):
        peer.notify("$/cancelRequest", {"id": 1})
        peer.notify("window/workDoneProgress/cancel", {"token": "w"})
        await asyncio.sleep(0)

    assert (await peer.error(1))["code"] == -32800
    assert cleaned.is_set()


async def test_cancel_by_work_done_token() -> None:
    peer, _ = await ready()
    peer.request(1, "forever", {"workDoneToken": 7})
    peer.request(2, "forever", {"workDoneToken": 7})  # the first to name a token keeps it
    peer.request(3, "forever", {"workDoneToken": True})
    await peer.settle()
    for params in (None, {}, {"token": None}, {"token": [7]}, {"token": "7"}, {"token": 7}):
        peer.notify("window/workDoneProgress/cancel", params)

    assert (await peer.error(1))["code"] == -32800
    assert await peer.answers(2) == await peer.answers(3) == []
    peer.notify("window/workDoneProgress/cancel", {"token": 7})
    assert await peer.answers(2) == []


async def test_cancelling_what_is_not_there_is_nothing() -> None:
    peer, _ = await ready()
    for params in (None, [], {}, {"id": 9}, {"id": None}, {"id": [1]}, {"id": True}):
        peer.notify("$/cancelRequest", params)
    peer.request(1, "done")

    assert len(await peer.answers(1)) == 1


async def test_a_result_in_spite_of_a_cancel_is_a_result() -> None:
    async def turn(request: Request) -> bytes:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return b'{"stopReason":"cancelled"}'
        raise AssertionError

    peer, _ = await ready(turn=turn)
    peer.request(1, "turn")
    await asyncio.sleep(0)
    peer.notify("$/cancelRequest", {"id": 1})

    assert (await peer.answers(1))[0]["result"] == {"stopReason": "cancelled"}


@pytest.mark.parametrize("error", [ValueError("canary"), SystemExit(3), KeyError("canary"), AssertionError()])
async def test_a_fault_is_an_incident_without_its_text(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(request: Request) -> bytes:
        raise error

    peer, _ = await ready(fail=fail)
    peer.request(1, "fail", {"secret": "canary"})

    answer = await peer.error(1)
    assert answer["code"] == -32603
    incident = answer["data"]["incidentId"]  # type: ignore[index, call-overload]
    assert f"incident {incident} in fail" in next(record.getMessage() for record in caplog.records)
    assert "canary" not in str(answer)


async def test_errors_of_the_protocol_are_passed_on() -> None:
    async def refuse(request: Request) -> bytes:
        raise RpcError(4001, "Sign in.", {"provider": "openai"})

    peer, _ = await ready(refuse=refuse)
    peer.request(1, "refuse")

    data = {"kind": "authRequired", "retryable": False, "provider": "openai"}
    assert await peer.error(1) == {"code": 4001, "message": "Sign in.", "data": data}


async def test_hooks_run_around_the_answer_and_their_faults_stay_theirs() -> None:
    peer, _ = await ready()

    async def hooked(request: Request) -> bytes:
        def push(text: bytes) -> None:
            peer.outbox.push(b"Content-Length: 12\r\n\r\n" + b'{"at":"' + text + b'"}')

        def fault() -> None:
            raise ValueError("canary")

        request.before_response += [fault, lambda: push(b"pre")]
        request.after_response += [fault, lambda: push(b"end")]
        return b"1"

    peer._backend.handlers["hooked"] = hooked  # type: ignore[attr-defined]
    peer.request(1, "hooked")

    assert [m.get("at", m.get("result")) for m in (await peer.settle())[1:]] == ["pre", 1, "end"]


async def test_what_comes_while_loading_waits_in_order_and_can_be_cancelled() -> None:
    loading = asyncio.Event()
    backend = RecordingBackend(a=done, b=done, c=done, d=done)
    peer = Peer(backend, loading.wait())
    peer.initialize()
    peer.request(1, "a")
    peer.notify("b")
    peer.request(2, "c")
    await peer.settle()
    peer.notify("$/cancelRequest", {"id": 2})
    peer.notify("d")
    assert (await peer.error(2))["code"] == -32800
    assert backend.order == []

    asyncio.get_running_loop().call_soon(lambda: peer.notify("e"))
    loading.set()
    asyncio.get_running_loop().call_soon(lambda: peer.notify("f"))
    await peer.settle()
    peer.notify("g")
    await peer.settle()
    assert backend.order == ["a", "b", "d", "e", "f", "g"]
    assert len(await peer.answers(1)) == 1


async def test_a_start_that_fails_is_told_to_everyone(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise ImportError("canary")

    peer = Peer(RecordingBackend(), broken())
    peer.initialize()
    peer.request(1, "done")
    peer.notify("done")
    peer.request(2, "done")
    peer.request(3, "shutdown")

    assert (await peer.error(1))["data"] == (await peer.error(2))["data"]
    assert (await peer.answers(3))[0]["result"] is None
    await peer.connection.aclose()


async def test_gates() -> None:
    peer = Peer(RecordingBackend(done=done))
    peer.request(1, "done")
    peer.request(2, "shutdown")
    peer.notify("done")
    assert (await peer.error(1))["code"] == (await peer.error(2))["code"] == -32002
    for params in (None, [], "x"):
        peer.request(3, "initialize", params)
    assert [m["error"]["code"] for m in await peer.answers(3)] == [-32602] * 3  # type: ignore[index, call-overload]
    peer.request(4, "initialize", {"refuse": True})
    assert (await peer.error(4))["code"] == -32603
    peer.initialize()
    peer.request(5, "initialize", {})
    assert (await peer.error(5))["code"] == -32600
    peer.request(6, "shutdown")
    peer.request(7, "done")
    peer.request(8, "shutdown")
    assert (await peer.error(7))["code"] == (await peer.error(8))["code"] == -32600
    assert (await peer.answers(6))[0]["result"] is None


async def test_an_id_in_use_is_refused() -> None:
    peer, _ = await ready()
    peer.request(1, "forever")
    peer.request(1, "done")
    peer.request("1", "done")

    assert (await peer.error(1))["code"] == -32600
    assert len(await peer.answers("1")) == 1
    peer.notify("$/cancelRequest", {"id": 1})
    assert [m["error"]["code"] for m in await peer.answers(1)] == [-32600, -32800]  # type: ignore[index, call-overload]


async def test_shutdown_cancels_and_answers_what_runs() -> None:
    peer, _ = await ready()
    peer.request(1, "forever")
    peer.send(
        {"jsonrpc": "2.0", "id": 2, "method": "shutdown"},
        {"jsonrpc": "2.0", "id": 3, "method": "done"},
        {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 2}},
    )

    assert (await peer.error(1))["code"] == -32800
    assert (await peer.error(3))["code"] == -32600
    assert (await peer.answers(2))[0]["result"] is None
    peer.notify("exit")
    assert await peer.connection.exited == 0


async def test_the_exit_code_tells_whether_it_was_asked_for() -> None:
    peer, backend = await ready()
    peer.notify("exit")
    peer.connection.stop(7)  # the first word counts

    assert await peer.connection.exited == 1
    peer.request(1, "forever")
    peer.notify("stuck")
    await peer.connection.aclose()
    assert backend.closed
    assert (await peer.error(1))["code"] == -32800


async def test_what_will_not_end_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_SECONDS", 0.01)
    free = asyncio.Event()

    async def stubborn(request: Request) -> bytes:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                pass
        return b"1"

    peer, backend = await ready(stubborn=stubborn)
    peer.request(1, "stubborn")
    await peer.settle()
    await peer.connection.aclose()
    assert backend.closed
    free.set()
    await peer.settle()


async def test_a_backend_that_does_not_close_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_SECONDS", 0.01)
    peer, backend = await ready()
    monkeypatch.setattr(backend, "aclose", asyncio.Event().wait)
    await peer.connection.aclose()

    assert "in closing" in caplog.text


async def test_a_cancel_that_became_a_result_is_not_cancelled_again() -> None:
    going_on = asyncio.Event()

    async def turn(request: Request) -> bytes:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            request.task.uncancel()
        await going_on.wait()
        return b'"cancelled"'

    peer, _ = await ready(turn=turn)
    peer.request(1, "turn")
    for _ in range(2):
        await peer.settle()
        peer.notify("$/cancelRequest", {"id": 1})
    await peer.settle()
    going_on.set()

    assert (await peer.answers(1))[0]["result"] == "cancelled"


@pytest.mark.parametrize(
    ("message", "request_id"),
    [
        ([], None),
        (3, None),
        ({"jsonrpc": "1.0", "id": 4, "method": "done"}, 4),
        ({"id": 4, "method": "done"}, 4),
        ({"jsonrpc": "2.0", "id": 4}, 4),
        ({"jsonrpc": "2.0", "id": 4, "method": None}, 4),
        ({"jsonrpc": "2.0", "id": None, "method": "done"}, None),
        ({"jsonrpc": "2.0", "id": True, "method": "done"}, None),
        ({"jsonrpc": "2.0", "id": {}, "method": "done"}, None),
        ({}, None),
    ],
)
async def test_what_is_no_message_is_refused(message: object, request_id: int | None) -> None:
    peer, _ = await ready()
    peer.send(message)  # type: ignore[arg-type]

    assert (await peer.error(request_id))["code"] == -32600


@pytest.mark.parametrize(
    ("body", "code", "request_id"),
    [
        (b"", -32700, None),
        (b"{", -32700, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"done","params":NaN}', -32700, None),
        (b'"\xff"', -32700, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"done","params":' + b"9" * 5000 + b"}", -32600, 1),
        (b'{"jsonrpc":"2.0","id":1,"method":"done","params":' + b"[" * 100_000 + b"]" * 100_000 + b"}", -32600, 1),
        (b'{"jsonrpc":"2.0","id":1e999,"method":"done"}', -32600, None),
    ],
)
async def test_bodies_that_cannot_be_read(body: bytes, code: int, request_id: int | None) -> None:
    peer, _ = await ready()
    peer.connection.receive([body])

    assert (await peer.error(request_id))["code"] == code
    peer.request(9, "done")
    assert len(await peer.answers(9)) == 1


async def test_garbage_and_oversized_bodies_are_answered() -> None:
    peer, _ = await ready()
    peer.connection.receive([Garbage(), Oversized(b'{"id":5,"x":"...'), Oversized(b"...")])

    assert [(m["id"], m["error"]["code"]) for m in (await peer.settle())[1:]] == [  # type: ignore[index, call-overload]
        (None, -32700),
        (5, 4702),
        (None, 4702),
    ]


async def test_an_oversized_answer_fails_the_question_and_is_not_answered() -> None:
    peer, _ = await ready()
    question = asyncio.create_task(peer.connection.calls.call("ask", b"{}", 30))
    [*_, asked] = await peer.settle()
    head = b'{"jsonrpc":"2.0","id":"%b","result":"...' % str(asked["id"]).encode()  # type: ignore[index]
    peer.connection.receive([Oversized(head)])

    with pytest.raises(RpcError):
        await question
    assert (await peer.settle())[-1] == asked


async def test_a_notification_that_fails_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    peer, backend = await ready()
    peer.notify("fail", {"a": 1})
    peer.notify("next")
    await peer.settle()

    assert [method for method, _ in backend.notices] == ["fail", "next"]
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "canary" not in caplog.text
    assert not peer.connection._tasks


async def test_nothing_is_left_of_what_is_over() -> None:
    peer, _ = await ready()
    for number in range(50):
        peer.request(number, "done", {"workDoneToken": number})
        peer.notify("didChange")
    await peer.settle()

    assert not (peer.connection._requests or peer.connection._cancels or peer.connection._tasks)
