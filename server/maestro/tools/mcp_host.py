"""The process that talks to Model Context Protocol servers: JSON lines on stdin and stdout, and nothing else on them.

In, each with the `id` of its answer:
    {"op": "list", "server", "config"}     connects where there is no such connection; {"tools": [...]}
    {"op": "call", "server", "tool", "input", "seconds", "limit"}       {"content", "failed"}
    {"op": "drop", "server"}               ends the connection and the server's process; {}
    {"op": "ping"}                         {}
    {"op": "cancel"}                       gives up the request of this id; that one answers, if it is not over
Out, unasked: {"started": pid}, {"gone": pid} of a server's process, {"changed": server} of its tools.
Failures: {"error": one of missing, command, unreachable, absent, lost, refused, failed, cancelled, tooLarge; "detail"}.
`absent` says that nothing was sent; `detail` are the server's words.

It ends with its stdin, and takes every server along. Nothing but this file imports `mcp`.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from maestro.tools.mcp_content import cap, clean, to_text

if TYPE_CHECKING:
    from mcp import Client

Json: TypeAlias = dict[str, Any]

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of one line, in both directions."""

_EXIT_SECONDS = 8.0
"""`mcp` gives a server four seconds to end before it kills it."""
_PAGES = 100
_DESCRIPTION = 8_000
_DETAIL = 500
_processes: set[asyncio.SubprocessTransport] = set()
_spawned: ContextVar[list[asyncio.SubprocessTransport] | None] = ContextVar("_spawned", default=None)
"""Where the connection being made finds its process; `mcp` does not tell."""

_Loop: Any = getattr(asyncio, "ProactorEventLoop", asyncio.SelectorEventLoop)


class _Refusal(Exception):
    """A request that has no other answer."""

    def __init__(self, error: str, detail: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.detail = detail


class _NotingLoop(_Loop):  # type: ignore[misc]
    """An event loop that remembers the processes it starts."""

    async def subprocess_exec(self, *args: Any, **options: Any) -> Any:
        transport, protocol = await super().subprocess_exec(*args, **options)
        _processes.add(transport)
        if (spawned := _spawned.get()) is not None:
            spawned.append(transport)
        return transport, protocol


class Connection:
    """One server, from the connection to its end; a task of its own, as `mcp` wants to be left where it was entered."""

    def __init__(self, name: str, config: Json, say: Callable[[Json], None]) -> None:
        self.config = config
        self.secrets: list[str] = config["secrets"]
        self._name = name
        self._say = say
        self._processes: list[asyncio.SubprocessTransport] = []
        self._leave = asyncio.Event()
        self._client: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live())

    @property
    def alive(self) -> bool:
        ended = [process for process in self._processes if process.get_returncode() is not None]
        return not ended and not self._task.done()

    async def client(self) -> "Client":
        """The connected client.

        Raises:
            Exception: whatever kept it from being connected.
        """
        return await asyncio.shield(self._client)

    async def aclose(self) -> None:
        """End the connection and its process."""
        self._leave.set()
        await asyncio.wait([self._task])

    async def _live(self) -> None:
        _spawned.set(self._processes)
        leaving = asyncio.create_task(self._leave.wait())
        try:
            await self._serve(leaving)
        except BaseException as error:
            if not self._client.done():
                self._client.set_exception(error if isinstance(error, Exception) else _Refusal("failed"))
                self._client.exception()  # somebody may have stopped waiting for it
        finally:
            leaving.cancel()
            for process in self._processes:
                _processes.discard(process)
                self._say({"gone": process.get_pid()})

    async def _serve(self, leaving: "asyncio.Task[bool]") -> None:
        """Be connected until told to leave. A scope, because `mcp` cleans up after those but not after a `cancel()`."""
        import anyio
        from mcp import Client

        with anyio.CancelScope() as scope:
            leaving.add_done_callback(lambda _: scope.cancel())
            async with (
                _transport(self.config, self._started) as transport,
                Client(transport, cache=None, message_handler=self._notice) as client,
            ):
                self._client.set_result(client)
                listening = asyncio.create_task(self._listen(client))
                try:
                    await leaving
                finally:
                    listening.cancel()
        if not self._client.done():
            self._client.set_exception(_Refusal("cancelled"))

    def _started(self) -> None:
        for process in self._processes:
            self._say({"started": process.get_pid()})

    async def _listen(self, client: "Client") -> None:
        """Ask to be told of other tools; servers that tell unasked refuse, and `_notice` hears them."""
        with suppress(Exception):
            async with client.listen(tools_list_changed=True) as changes:
                async for _ in changes:
                    self._say({"changed": self._name})

    async def _notice(self, message: object) -> None:
        if getattr(message, "method", None) == "notifications/tools/list_changed":
            self._say({"changed": self._name})


@asynccontextmanager
async def _transport(config: Json, started: Callable[[], None]) -> AsyncGenerator[AbstractAsyncContextManager[Any]]:
    """The way to a server, to be entered by a client."""
    if "url" in config:
        from mcp.client.streamable_http import streamable_http_client
        from mcp.shared._httpx_utils import create_mcp_http_client

        async with create_mcp_http_client(headers=config["headers"]) as http:
            yield streamable_http_client(config["url"], http_client=http)
    else:
        yield _stdio(config, started)


@asynccontextmanager
async def _stdio(config: Json, started: Callable[[], None]) -> AsyncGenerator[Any]:
    """A server's process; told before it can hang."""
    from mcp import StdioServerParameters, stdio_client

    parameters = StdioServerParameters(command=config["command"], args=config["args"], env=config["env"])
    async with stdio_client(parameters) as streams:
        started()
        yield streams


class Host:
    """Answers the requests; `say` writes a line."""

    def __init__(self, say: Callable[[Json], None]) -> None:
        self._say = say
        self._connections: dict[str, Connection] = {}
        self._requests: dict[int, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def take(self, message: Json) -> None:
        """Begin with a request."""
        number = message["id"]
        if message["op"] == "cancel":
            if number in self._requests:
                self._requests[number].cancel()
            return
        task = asyncio.create_task(self._answer(number, message))
        self._requests[number] = task
        task.add_done_callback(lambda _: self._requests.pop(number, None))

    async def aclose(self) -> None:
        """Give up every request and end every server."""
        for task in self._requests.values():
            task.cancel()
        for connection in self._connections.values():
            self._end(connection)
        await asyncio.gather(*self._requests.values(), *self._ending, return_exceptions=True)
        await asyncio.gather(*self._ending)

    async def _answer(self, number: int, message: Json) -> None:
        try:
            answer = await getattr(self, f"_{message['op']}")(message)
        except asyncio.CancelledError:
            answer = {"error": "cancelled"}
        except Exception as error:
            answer = self._failure(error, message.get("server"))
        self._say({"id": number, **answer})

    async def _ping(self, message: Json) -> Json:
        return {}

    async def _drop(self, message: Json) -> Json:
        if connection := self._connections.pop(message["server"], None):
            await connection.aclose()
        return {}

    async def _list(self, message: Json) -> Json:
        name, config = message["server"], message["config"]
        connection = self._connections.get(name)
        if connection is None or connection.config != config or not connection.alive:
            await self._drop(message)
            connection = self._connections[name] = Connection(name, config, self._say)
        try:
            return {"tools": [tool async for tool in _tools(await connection.client())]}
        except BaseException:
            if self._connections.get(name) is connection:
                del self._connections[name]
                self._end(connection)
            raise

    def _end(self, connection: Connection) -> None:
        """End a connection that nobody waits for."""
        task = asyncio.create_task(connection.aclose())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _call(self, message: Json) -> Json:
        connection = self._connections.get(message["server"])
        if connection is None or not connection.alive:
            raise _Refusal("absent")
        client = await connection.client()
        result = await client.call_tool(message["tool"], message["input"], read_timeout_seconds=message["seconds"])
        text = await asyncio.to_thread(self._text, result, connection.secrets, message["limit"])
        return {"content": text, "failed": bool(result.is_error)}

    def _text(self, result: Any, secrets: list[str], limit: int) -> str:
        return cap(clean(to_text(result), secrets), limit)

    def _failure(self, error: Exception, server: str | None) -> Json:
        refusal = _name(error)
        connection = self._connections.get(server or "")
        detail = clean(refusal.detail, connection.secrets if connection else [])[:_DETAIL]
        return {"error": refusal.error, **({"detail": detail} if detail else {})}


async def _tools(client: "Client") -> AsyncGenerator[Json]:
    cursor: str | None = None
    for _ in range(_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            hints = tool.annotations
            yield {
                "name": tool.name,
                "description": (tool.description or "")[:_DESCRIPTION],
                "schema": tool.input_schema,
                "readOnly": hints and hints.read_only_hint,
                "destructive": hints and hints.destructive_hint,
                "openWorld": hints and hints.open_world_hint,
            }
        cursor = page.next_cursor
        if cursor is None:
            return


def _name(error: BaseException) -> _Refusal:
    """What went wrong, in the words of this protocol. Only a server's own answer is quoted."""
    if isinstance(error, BaseExceptionGroup):
        return _name(error.exceptions[0])
    if isinstance(error, _Refusal):
        return error
    if isinstance(error, ImportError):
        return _Refusal("missing")
    if type(error).__module__.split(".")[0] in ("httpx2", "httpcore2") or isinstance(error, ConnectionError):
        return _Refusal("unreachable")
    if isinstance(error, OSError):
        return _Refusal("command")
    return _name_answer(error)


def _name_answer(error: BaseException) -> _Refusal:
    from mcp import MCPError
    from mcp.types import CONNECTION_CLOSED

    if not isinstance(error, MCPError):
        return _Refusal("failed")
    return _Refusal("lost") if error.code == CONNECTION_CLOSED else _Refusal("refused", error.message)


def _lines() -> Iterator[Json]:
    with os.fdopen(os.dup(0), "rb", buffering=65536) as stdin:
        for line in stdin:
            with suppress(ValueError):
                yield json.loads(line)


def _write(out: int, message: Json) -> None:
    data = json.dumps(message).encode() + b"\n"
    if len(data) > LINE_LIMIT:
        data = json.dumps({"id": message.get("id"), "error": "tooLarge"}).encode() + b"\n"
    with suppress(OSError):  # nobody listens any more; stdin will say so
        while data:
            data = data[os.write(out, data) :]


def _read(loop: asyncio.AbstractEventLoop, take: Callable[[Json], None], stop: asyncio.Event) -> None:
    """Hands requests to the loop. When stdin ends, so does this process, whether the loop still turns or not."""
    with suppress(RuntimeError):  # the loop has ended
        for message in _lines():
            loop.call_soon_threadsafe(take, message)
        loop.call_soon_threadsafe(stop.set)
    threading.Event().wait(_EXIT_SECONDS)
    kill_groups([process.get_pid() for process in tuple(_processes)])
    os._exit(1)


def kill_groups(pids: list[int]) -> None:
    """Kill servers with all they started; each leads a process group."""
    for pid in pids:
        with suppress(OSError):
            if sys.platform == "win32":
                os.kill(pid, signal.SIGTERM)
            else:
                os.killpg(pid, signal.SIGKILL)


async def _main(out: int) -> None:
    host, stop = Host(partial(_write, out)), asyncio.Event()
    reader = threading.Thread(target=_read, args=(asyncio.get_running_loop(), host.take, stop), daemon=True)
    reader.start()
    await stop.wait()
    await host.aclose()


def main() -> None:
    """Serve until stdin ends. What anything prints goes to stderr."""
    out = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    with asyncio.Runner(loop_factory=_NotingLoop) as runner:
        runner.run(_main(out))


if __name__ == "__main__":
    main()
