"""A small editor: starts `maestro lsp --stdio`, speaks JSON-RPC to it, and listens."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Self

from pydantic import JsonValue

from maestro_protocol.base import JsonObject

OnEvent = Callable[[JsonObject], None]
Answer = Callable[[JsonObject], Awaitable[JsonValue]]


class AnswerError(Exception):
    """The server answered with an error."""

    def __init__(self, error: JsonObject) -> None:
        super().__init__(str(error.get("message")))
        self.error = error


class EditorClient:
    """One server process and the conversation with it.

    `notices` holds every notification by method; `on_request` answers what the server asks, by method.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = count(1)
        self._answers: dict[int, asyncio.Future[JsonValue]] = {}
        self._streams: dict[str, OnEvent] = {}
        self.notices: dict[str, asyncio.Queue[JsonObject]] = {}
        self.on_request: dict[str, Answer] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, environment: Mapping[str, str]) -> Self:
        """Start a server of this very interpreter."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "maestro",
            "lsp",
            "--stdio",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=dict(environment),
        )
        return cls(process)

    async def request(self, method: str, params: JsonObject, on_event: OnEvent | None = None) -> JsonObject:
        """Ask and wait. `on_event` receives the stream events of this request.

        Raises:
            AnswerError: the server's error.
        """
        return await self.begin(method, params, on_event)[1]

    def begin(
        self, method: str, params: JsonObject, on_event: OnEvent | None = None
    ) -> tuple[int, Awaitable[JsonObject]]:
        """Ask, and get the request's id beside its answer."""
        request_id = next(self._ids)
        if on_event:
            token = f"stream-{request_id}"
            self._streams[token] = on_event
            params = {**params, "partialResultToken": token}
        answer = self._answers[request_id] = asyncio.get_running_loop().create_future()
        self._send({"id": request_id, "method": method, "params": params})
        return request_id, _result(answer)

    def notify(self, method: str, params: JsonObject) -> None:
        self._send({"method": method, "params": params})

    async def notice(self, method: str) -> JsonObject:
        """The next notification of a method, also if it came already."""
        return await self.notices.setdefault(method, asyncio.Queue()).get()

    async def kill(self) -> None:
        """End the server where order is no longer to be had."""
        self._listening.cancel()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def close(self) -> int:
        """Shut the server down in order; its exit code."""
        await self.request("shutdown", {})
        self.notify("exit", {})
        code = await self._process.wait()
        self._listening.cancel()
        return code

    def _send(self, message: JsonObject) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None  # started with a pipe
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def _listen(self) -> None:
        assert self._process.stdout is not None  # started with a pipe
        try:
            while True:
                header = await self._process.stdout.readuntil(b"\r\n\r\n")
                length = int(header.lower().partition(b"content-length:")[2].split()[0])
                self._take(json.loads(await self._process.stdout.readexactly(length)))
        except asyncio.IncompleteReadError:
            self._give_up(AnswerError({"message": "The server ended unexpectedly."}))
        except Exception as failure:  # of whoever watches events, e.g. a terminal that is gone
            self._give_up(failure)

    def _give_up(self, reason: Exception) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(reason)

    def _take(self, message: JsonObject) -> None:
        method, params = message.get("method"), message.get("params")
        if not isinstance(method, str):
            self._settle(message)
        elif "id" in message:
            task = asyncio.create_task(self._reply(method, message))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
        elif isinstance(params, dict):
            token, value = params.get("token"), params.get("value")
            if method == "$/progress" and isinstance(token, str) and isinstance(value, dict) and token in self._streams:
                self._streams[token](value)
            else:
                self.notices.setdefault(method, asyncio.Queue()).put_nowait(params)

    def _settle(self, message: JsonObject) -> None:
        request_id, error = message.get("id"), message.get("error")
        answer = self._answers.pop(request_id, None) if isinstance(request_id, int) else None
        if answer is None or answer.done():
            return
        if isinstance(error, dict):
            answer.set_exception(AnswerError(error))
        else:
            answer.set_result(message.get("result"))

    async def _reply(self, method: str, message: JsonObject) -> None:
        params = message.get("params")
        answer = self.on_request.get(method)
        result = await answer(params if isinstance(params, dict) else {}) if answer else None
        self._send({"id": message["id"], "result": result})


async def _result(answer: "asyncio.Future[JsonValue]") -> JsonObject:
    result = await answer
    return result if isinstance(result, dict) else {}
