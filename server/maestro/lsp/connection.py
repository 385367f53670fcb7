"""The conversation with the editor: every message in, exactly one answer per request out."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, NoReturn, Protocol

from maestro.cancelling import cancel_once
from maestro.lsp import messages
from maestro.lsp.calls import Calls
from maestro.lsp.frames import HEAD_BYTES, Garbage, Input, Oversized, find_id
from maestro.lsp.logs import describe, incident, logger
from maestro.lsp.messages import RequestId, RpcError, Token, frame
from maestro.lsp.writer import Outbox

if TYPE_CHECKING:
    from pydantic import JsonValue

    from maestro_protocol.base import JsonObject

_TOO_LARGE = "The message is larger than `limits.maxMessageBytes`; send less or raise the limit."
QUESTION_SECONDS = 0.2
SHUTDOWN_SECONDS = 0.5
"""How long cancelled requests may take to end, and connections to close."""


class Backend(Protocol):
    """What answers once everything is imported."""

    async def answer(self, request: "Request") -> bytes:
        """The result as JSON.

        Raises:
            RpcError: the error to answer with.
        """
        ...

    async def notice(self, method: str, params: "JsonValue") -> None:
        """Take a notification."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


Opening = Callable[["JsonObject"], tuple[bytes, Coroutine[None, None, Backend]]]
"""`initialize`: its result at once, and the import of everything else. Raises RpcError."""


@dataclass(slots=True, eq=False)
class Request:
    """A request of the editor, from its arrival until its answer is queued."""

    id: RequestId
    method: str
    params: "JsonValue" = field(repr=False)
    task: "asyncio.Task[bytes]" = field(init=False, repr=False)
    before_response: list[Callable[[], None]] = field(default_factory=list, repr=False)
    after_response: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def cancel(self) -> None:
        cancel_once(self.task)


class _State(Enum):
    NEW = auto()
    RUNNING = auto()
    SHUT = auto()


class Connection:
    """One editor. All methods run on the loop; `exited` resolves to the process's exit code."""

    def __init__(self, outbox: Outbox, opening: Opening) -> None:
        self._outbox = outbox
        self._opening = opening
        self._state = _State.NEW
        self._requests: dict[RequestId, Request] = {}
        self._cancels: dict[Token, Callable[[], None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        self._backend: Backend | RpcError | None = None
        self._entrance = asyncio.Lock()
        self.calls = Calls(outbox)
        self.exited: asyncio.Future[int] = loop.create_future()

    def receive(self, inputs: list[Input]) -> None:
        """Take what the reader found."""
        for item in inputs:
            if isinstance(item, Garbage):
                self._refuse(None, RpcError(messages.PARSE_ERROR, "Bytes between two messages were skipped."))
            elif isinstance(item, Oversized):
                self._refuse_oversized(item.head)
            else:
                self._read(item)

    def _refuse_oversized(self, head: bytes) -> None:
        error = RpcError(messages.MESSAGE_TOO_LARGE, _TOO_LARGE)
        message_id = find_id(head)
        if self.calls.is_waiting(message_id) and b'"method"' not in head:  # an answer, which nobody answers
            self.calls.resolve({"id": message_id, "error": {"code": error.code}})
        else:
            self._refuse(message_id, error)

    def stop(self, code: int | None = None) -> None:
        """Leave; without a code, as it befits an editor that went away: 0 after `shutdown`, else 1."""
        if not self.exited.done():
            self.exited.set_result((0 if self._state is _State.SHUT else 1) if code is None else code)

    async def aclose(self) -> None:
        """Cancel everything, answer everything, close what is open."""
        self._state = _State.SHUT
        await self._conclude_questions()
        await self._cancel_requests()
        for task in self._tasks:
            task.cancel()
        if self._backend is not None and not isinstance(self._backend, RpcError):
            try:
                async with asyncio.timeout(SHUTDOWN_SECONDS):
                    await self._backend.aclose()
            except Exception as error:
                incident(error, "closing")

    def spawn(self, work: Coroutine[None, None, None], place: str) -> "asyncio.Task[None]":
        """Run something that nobody waits for; its failure is logged."""
        task = asyncio.get_running_loop().create_task(work, name=place)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def on_cancel(self, token: "JsonValue", cancel: Callable[[], None]) -> Callable[[], None]:
        """Call `cancel` when the editor cancels this work-done token; the first to name a token keeps it.

        Returns what undoes this.
        """
        if not isinstance(token, str | int) or isinstance(token, bool) or token in self._cancels:
            return _nothing
        self._cancels[token] = cancel
        return lambda: _drop(self._cancels, token)

    def _read(self, body: bytes) -> None:
        try:
            message = json.loads(body, parse_constant=_no_json)
        except (json.JSONDecodeError, UnicodeDecodeError, _NoJson):
            self._refuse(None, RpcError(messages.PARSE_ERROR, "The message is not JSON in UTF-8."))
        except (ValueError, RecursionError):  # JSON, but with endless digits or nesting
            text = "The message nests too deeply, or holds a number that is too long."
            self._refuse(find_id(body[:HEAD_BYTES]), RpcError(messages.INVALID_REQUEST, text))
        else:
            self._take(message)

    def _take(self, message: "JsonValue") -> None:
        if not isinstance(message, dict):
            text = "A message is one JSON object; batches are not part of the protocol."
            self._refuse(None, RpcError(messages.INVALID_REQUEST, text))
            return
        method, has_id = message.get("method"), "id" in message
        request_id = _request_id(message.get("id"))
        if "method" not in message and ("result" in message or "error" in message):
            self.calls.resolve(message)
        elif message.get("jsonrpc") != "2.0" or not isinstance(method, str) or (has_id and request_id is None):
            self._refuse(request_id, _invalid("This is neither a request, a notification nor an answer."))
        elif request_id is None:
            self._notice(method, message.get("params"))
        else:
            self._request(request_id, method, message.get("params"))

    def _request(self, request_id: RequestId, method: str, params: "JsonValue") -> None:
        if error := self._gate(request_id, method):
            self._refuse(request_id, error)
        elif method == "initialize":
            self._initialize(request_id, params)
        else:
            self._start(Request(request_id, method, params))

    def _gate(self, request_id: RequestId, method: str) -> RpcError | None:
        """Why a request cannot be taken now."""
        if self._state is _State.NEW:
            wrong = method != "initialize"
            return RpcError(messages.NOT_INITIALIZED, "Send `initialize` first.") if wrong else None
        if self._state is _State.SHUT:
            return _invalid("The server is shutting down; start another one.")
        if method == "initialize":
            return _invalid("`initialize` was sent before; start another server to begin anew.")
        if request_id in self._requests:
            return _invalid("A request with this id is still running; use another id.")
        return None

    def _initialize(self, request_id: RequestId, params: "JsonValue") -> None:
        if not isinstance(params, dict):
            self._refuse(request_id, messages.invalid_params("", "must be a JSON object"))
            return
        try:
            result, loading = self._opening(params)
        except Exception as error:
            self._refuse(request_id, _fault(error, "initialize"))
            return
        self._state = _State.RUNNING
        self._outbox.push(frame(messages.response(request_id, result)))
        self.spawn(self._load(loading), "load")

    async def _load(self, loading: Awaitable[Backend]) -> None:
        """Import everything else. What arrives meanwhile waits at the entrance, which keeps its order."""
        async with self._entrance:
            try:
                self._backend = await loading
            except Exception as error:
                self._backend = _fault(error, "the start")

    async def _loaded(self) -> Backend:
        async with self._entrance:
            backend = self._backend
            assert backend is not None  # `_load` was the first to enter
            if isinstance(backend, RpcError):
                raise RpcError(backend.code, backend.message, backend.data)
            return backend

    def _start(self, request: Request) -> None:
        if request.method == "shutdown":
            self._state = _State.SHUT
            work = self._shut_down()
        else:
            work = self._answer(request)
        request.task = asyncio.get_running_loop().create_task(work)
        self._requests[request.id] = request
        token = request.params.get("workDoneToken") if isinstance(request.params, dict) else None
        request.before_response.append(self.on_cancel(token, request.cancel))
        request.task.add_done_callback(lambda task: self._finish(request, task))

    async def _answer(self, request: Request) -> bytes:
        backend = await self._loaded()
        try:
            return await backend.answer(request)
        except SystemExit as error:  # a task that raises it would end the loop
            raise RuntimeError("a handler tried to exit") from error

    def _finish(self, request: Request, task: "asyncio.Task[bytes]") -> None:
        """Write the one answer of a request. Nothing else does."""
        del self._requests[request.id]
        _run(request.before_response)
        self._outbox.push(frame(_outcome(request, task)))
        _run(request.after_response)

    async def _shut_down(self) -> bytes:
        await self._cancel_requests()
        return b"null"

    async def _conclude_questions(self) -> None:
        """Who asked the editor something gets no answer any more, which is a no; give that time to be written down."""
        if self.calls.waiting and (tasks := [request.task for request in self._requests.values()]):
            self.calls.give_up()
            await asyncio.wait(tasks, timeout=QUESTION_SECONDS)

    async def _cancel_requests(self) -> None:
        current = asyncio.current_task()
        tasks = [r.task for r in self._requests.values() if r.task is not current]
        for request in list(self._requests.values()):
            if request.task is not current:
                request.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=SHUTDOWN_SECONDS)

    def _notice(self, method: str, params: "JsonValue") -> None:
        if method == "exit":
            self.stop()
        elif self._state is not _State.RUNNING:
            return
        elif method == "$/cancelRequest":
            self._cancel(params)
        elif method == "window/workDoneProgress/cancel":
            self._cancel_work(params)
        else:
            self.spawn(self._pass_on(method, params), "a notification")

    def _cancel(self, params: "JsonValue") -> None:
        request_id = _request_id(params.get("id")) if isinstance(params, dict) else None
        if request_id is not None and (request := self._requests.get(request_id)):
            request.cancel()

    def _cancel_work(self, params: "JsonValue") -> None:
        token = params.get("token") if isinstance(params, dict) else None
        if isinstance(token, str | int):
            self._cancels.get(token, _nothing)()

    async def _pass_on(self, method: str, params: "JsonValue") -> None:
        backend = await self._loaded()
        await backend.notice(method, params)

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("%s failed: %s", task.get_name(), describe(error))

    def _refuse(self, request_id: RequestId | None, error: RpcError) -> None:
        """Answer something that never became a request."""
        self._outbox.push(frame(messages.refusal(request_id, error)))


class _NoJson(Exception):
    """Python reads NaN and Infinity as numbers; JSON has neither."""


def _no_json(_: str) -> NoReturn:
    raise _NoJson


def _outcome(request: Request, task: "asyncio.Task[bytes]") -> bytes:
    if task.cancelled():
        return messages.refusal(request.id, RpcError(messages.REQUEST_CANCELLED, "The request was cancelled."))
    error = task.exception()
    if error is None:
        return messages.response(request.id, task.result())
    return messages.refusal(request.id, error if isinstance(error, RpcError) else _fault(error, request.method))


def _fault(error: BaseException, place: str) -> RpcError:
    """-32603; the log knows more."""
    incident_id = incident(error, place)
    text = f"Maestro failed; its log says more at incident {incident_id}."
    return RpcError(messages.INTERNAL_ERROR, text, {"incidentId": incident_id})


def _invalid(message: str) -> RpcError:
    return RpcError(messages.INVALID_REQUEST, message)


def _request_id(value: "JsonValue") -> RequestId | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _run(calls: list[Callable[[], None]]) -> None:
    for call in calls:
        try:
            call()
        except Exception as error:
            incident(error, "a hook of a response")


def _drop(cancels: dict[Token, Callable[[], None]], token: Token) -> None:
    cancels.pop(token, None)


def _nothing() -> None:
    """Nothing to cancel, nothing to undo."""
