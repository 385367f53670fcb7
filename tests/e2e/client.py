"""A language client with no library in between: raw frames to and from a real server process.

It keeps everything it ever received, in order, and can be as bad a client as there is: stop reading, not drain stderr,
send bytes that are no frame.
"""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Self

from pydantic import JsonValue

from maestro_protocol.base import JsonObject
from tests.e2e.frames import FrameError, FrameReader, encode

DEADLINE = 30.0
"""Seconds until something that should have come is missed; generous, the machine may be busy."""

SIGNS_OF_A_FAULT = ("Traceback", "Fatal Python error", "incident ", "was never awaited", "never retrieved", "asyncio: ")
"""On stderr; each means that something was not meant to happen."""

Predicate = Callable[[JsonObject], bool]
Answer = Callable[[JsonObject], JsonValue]


class ResponseError(Exception):
    """The server answered a request with an error."""

    def __init__(self, error: JsonObject) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: JsonObject = error.get("data") or {}

    @property
    def kind(self) -> str | None:
        return self.data.get("kind")


class Client:
    """One server process and the conversation with it.

    `answers` maps a method of server requests to what the client says; unmapped ones get null.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        arguments: Sequence[str] = ("lsp", "--stdio"),
        drain_stderr: bool = True,
        cwd: str | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "maestro", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=dict(environment),
            cwd=cwd,
        )
        self.messages: list[JsonObject] = []
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.faults: list[str] = []
        self.answers: dict[str, Answer] = {"workspace/configuration": lambda params: [None for _ in params["items"]]}
        self.asked: Counter[str] = Counter()
        assert self.process.stdin is not None
        self._stdin = self.process.stdin
        self._ended = False
        self._ids = itertools.count(1)
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._may_read = threading.Event()
        self._may_read.set()
        self._always = threading.Event()
        self._always.set()
        self._frames = FrameReader()
        self._threads = [threading.Thread(target=self._read_stdout, daemon=True)]
        if drain_stderr:
            self._threads.append(threading.Thread(target=self._read_stderr, daemon=True))
        for thread in self._threads:
            thread.start()

    # -- sending ------------------------------------------------------------------------------------------------------

    def send_bytes(self, data: bytes) -> None:
        """Write as it is, in one go."""
        with self._writing:
            view = memoryview(data)
            while view:
                view = view[self._stdin.write(view) or 0 :]

    def send(self, *messages: JsonObject) -> None:
        """Write messages as frames in one write; requests among them are counted as asked."""
        for message in messages:
            if "id" in message and "method" in message:
                self.asked[key(message["id"])] += 1
        self.send_bytes(b"".join(encode(message) for message in messages))

    def start(self, method: str, params: JsonValue = None, *, request_id: JsonValue = None) -> JsonValue:
        """Send a request and do not wait; returns its id."""
        request_id = next(self._ids) if request_id is None else request_id
        self.send(request(request_id, method, params))
        return request_id

    def notify(self, method: str, params: JsonValue = None) -> None:
        message: JsonObject = {"jsonrpc": "2.0", "method": method}
        self.send(message if params is None else {**message, "params": params})

    def cancel(self, request_id: JsonValue) -> None:
        self.notify("$/cancelRequest", {"id": request_id})

    # -- receiving ----------------------------------------------------------------------------------------------------

    def wait(self, predicate: Predicate, *, after: int = 0, timeout: float = DEADLINE) -> JsonObject:
        """The first message from index `after` on that fits, now or as soon as it comes."""
        deadline = time.monotonic() + timeout
        position = after
        with self._changed:
            while True:
                while position < len(self.messages):
                    position += 1
                    if predicate(self.messages[position - 1]):
                        return self.messages[position - 1]
                if self._ended or not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(self._missed())

    def wait_bytes(self, part: bytes, *, stream: str = "stderr", timeout: float = DEADLINE) -> None:
        """Until the server has written `part` to `stdout` or `stderr`."""
        with self._changed:
            if not self._changed.wait_for(lambda: part in getattr(self, stream), timeout):
                raise AssertionError(f"never wrote {part!r}; {self._missed()}")

    def response(self, request_id: JsonValue, *, timeout: float = DEADLINE) -> JsonValue:
        """The result of a request that was started.

        Raises:
            ResponseError: it was answered with an error.
        """
        message = self.wait(lambda m: is_answer(m) and key(m["id"]) == key(request_id), timeout=timeout)
        if "error" in message:
            raise ResponseError(message["error"])
        return message["result"]

    def request(self, method: str, params: JsonValue = None, *, timeout: float = DEADLINE) -> JsonValue:
        """Send a request and wait for its result. Raises ResponseError."""
        return self.response(self.start(method, params), timeout=timeout)

    def refused(self, method: str, params: JsonValue = None, *, timeout: float = DEADLINE) -> ResponseError:
        """Send a request that must fail, and give its error."""
        return self.refusal(self.start(method, params), timeout=timeout)

    def refusal(self, request_id: JsonValue, *, timeout: float = DEADLINE) -> ResponseError:
        """The error of a request that was started and must fail."""
        try:
            result = self.response(request_id, timeout=timeout)
        except ResponseError as error:
            return error
        raise AssertionError(f"request {request_id!r} should have failed; it answered {result!r}")

    def wait_answers(self, count: int, *, after: int, timeout: float = DEADLINE) -> None:
        """Until `count` requests have been answered from message index `after` on."""
        with self._changed:
            if not self._changed.wait_for(lambda: sum(map(is_answer, self.messages[after:])) >= count, timeout):
                raise AssertionError(self._missed())

    def responses(self, request_id: JsonValue) -> list[JsonObject]:
        """Every answer with this id so far."""
        return [m for m in self.received() if is_answer(m) and key(m["id"]) == key(request_id)]

    def notification(self, method: str, *, after: int = 0, timeout: float = DEADLINE) -> JsonObject:
        """The params of the first such notification from message index `after` on."""
        return self.wait(lambda m: m.get("method") == method, after=after, timeout=timeout)["params"]

    def notifications(self, method: str) -> list[JsonObject]:
        """The params of all such notifications so far."""
        return [m["params"] for m in self.received() if m.get("method") == method]

    def events(self, token: str | int) -> list[JsonObject]:
        """All progress values of a token so far."""
        return [p["value"] for p in self.notifications("$/progress") if p["token"] == token]

    def event(self, token: str | int, predicate: Predicate, *, timeout: float = DEADLINE) -> JsonObject:
        """The first progress value of a token that fits."""

        def fits(message: JsonObject) -> bool:
            params = message.get("params")
            return message.get("method") == "$/progress" and params["token"] == token and predicate(params["value"])

        return self.wait(fits, timeout=timeout)["params"]["value"]

    def received(self) -> list[JsonObject]:
        """Every message so far, in order."""
        with self._changed:
            return list(self.messages)

    def settle(self, after: int = 0) -> list[JsonObject]:
        """Wait until the server has read everything sent so far; the answers to it from message index `after` on.

        A request for an unknown method stands behind it all, and what is refused at once is refused in order.
        """
        marker = self.start("maestro/settle", request_id=f"settle-{next(self._ids)}")
        self.refusal(marker)
        return [m for m in self.received()[after:] if is_answer(m) and key(m["id"]) != key(marker)]

    # -- life ---------------------------------------------------------------------------------------------------------

    def initialize(self, maestro: JsonObject | None = None, **params: JsonValue) -> JsonObject:
        """The handshake of an ordinary editor; `maestro` goes into its `initializationOptions`."""
        options: JsonObject = {} if maestro is None else {"initializationOptions": {"maestro": maestro}}
        defaults: JsonObject = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": {"window": {"workDoneProgress": True}},
            **options,
        }
        result = self.request("initialize", {**defaults, **params})
        self.notify("initialized", {})
        return result

    @contextmanager
    def reading_paused(self) -> Iterator[None]:
        """Leave stdout alone; what the reader thread already asked for may still come."""
        self._may_read.clear()
        try:
            yield
        finally:
            self._may_read.set()

    def stop_reading(self) -> None:
        """Never read stdout again."""
        self._may_read.clear()

    def exit(self, *, timeout: float = DEADLINE) -> int:
        """`shutdown`, `exit`, and the exit code."""
        self.request("shutdown", timeout=timeout)
        self.notify("exit")
        return self.wait_exit(timeout=timeout)

    def wait_exit(self, *, timeout: float = DEADLINE) -> int:
        """The exit code of a server that should end by now; everything it wrote has been read after this."""
        code = self.process.wait(timeout)
        if self._may_read.is_set():
            for thread in self._threads:
                thread.join(timeout)
        return code

    def close(self) -> None:
        """Let go of the process, whatever state it is in."""
        self.process.kill()
        self.process.wait(DEADLINE)
        self._may_read.set()
        for thread in self._threads:
            thread.join(DEADLINE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def end(self) -> None:
        """`shutdown` and `exit`, and everything that must hold for a whole conversation."""
        assert self.exit() == 0
        assert self.tally() == {}
        self.check()

    def check(self) -> None:
        """What must hold at any time: every frame is valid, and nothing went wrong inside the server."""
        assert self.faults == []
        text = bytes(self.stderr).decode(errors="replace")
        assert not any(sign in text for sign in SIGNS_OF_A_FAULT), text[-4000:]

    def tally(self) -> dict[str, tuple[int, int]]:
        """Ids whose number of answers is not the number of requests: `{id: (asked, answered)}`."""
        answered = Counter(key(m["id"]) for m in self.received() if is_answer(m) and m["id"] is not None)
        ids = self.asked.keys() | answered.keys()
        return {i: (self.asked[i], answered[i]) for i in ids if self.asked[i] != answered[i]}

    # -- threads ------------------------------------------------------------------------------------------------------

    def _read_stdout(self) -> None:
        for data in self._chunks(self.process.stdout, self._may_read):
            with self._changed:
                self.stdout += data
                self._take(data)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_stderr(self) -> None:
        for data in self._chunks(self.process.stderr, self._always):
            with self._changed:
                self.stderr += data
                self._changed.notify_all()

    def _chunks(self, pipe: IO[bytes] | None, gate: threading.Event) -> Iterator[bytes]:
        if pipe is None:
            return
        while gate.wait() and (data := os.read(pipe.fileno(), 65536)):
            yield data

    def _take(self, data: bytes) -> None:
        try:
            messages = self._frames.feed(data)
        except FrameError as fault:
            self.faults.append(str(fault))
            return
        for message in messages:
            self.messages.append(message)
            if "method" in message and "id" in message:
                threading.Thread(target=self._reply, args=(message,), daemon=True).start()

    def _reply(self, asked: JsonObject) -> None:
        answer = self.answers.get(asked["method"], lambda _: None)
        reply: JsonObject = {"jsonrpc": "2.0", "id": asked["id"], "result": answer(asked.get("params") or {})}
        with suppress(OSError, ValueError):  # the server may be gone by now
            self.send_bytes(encode(reply))

    def _missed(self) -> str:
        last = [json.dumps(m)[:400] for m in self.messages[-5:]]
        code = self.process.poll()
        return (
            f"what was waited for did not come (exit code {code}, {len(self.messages)} messages).\n"
            f"last messages: {last}\nstderr: {bytes(self.stderr[-2000:]).decode(errors='replace')}"
        )


def key(request_id: JsonValue) -> str:
    """An id as something to compare: `1`, `1.0` and `"1"` differ."""
    return json.dumps(request_id)


def is_answer(message: JsonObject) -> bool:
    return "id" in message and "method" not in message


def request(request_id: JsonValue, method: str, params: JsonValue = None) -> JsonObject:
    """A request; `params` of None are left out."""
    message: JsonObject = {"jsonrpc": "2.0", "id": request_id, "method": method}
    return message if params is None else {**message, "params": params}
