"""The listener the browser returns to: it hands on one code, and tells the browser how the login went."""

import asyncio
import hmac

from maestro.auth import pages
from maestro.auth.paste import Pasted, is_code, read_query, refusal
from maestro.auth.pkce import new_state
from maestro.auth.ports import listen
from maestro.auth.request import HEAD_BYTES, BadRequest, Request, read_request
from maestro.errors import MaestroError
from maestro.providers.oauth import LoopbackRedirect

_EXCHANGE_SECONDS = 10.0
_CLOSE_SECONDS = 0.5
_BROWSERS_SAY = ("sec-fetch-site", "origin", "referer")


class Loopback:
    """Made by `open`. A visit with a code is answered when `finish` says how its exchange went.

    Until then, and after it went well, further visits trigger nothing and get the same page; after it went badly the
    next visit counts again, so that a reload is another try.
    """

    def __init__(self, redirect: LoopbackRedirect, state: str, port: int) -> None:
        self.redirect_uri = f"http://{redirect.host}:{port}{redirect.path}"
        self._path = redirect.path
        self._state = state
        self._hosts = {f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")}
        self._servers: list[asyncio.Server] = []
        self._closed = False
        self._arrived = asyncio.Queue[Pasted | MaestroError]()
        self._result: asyncio.Future[bytes] | None = None
        self._connections = set[asyncio.Task[None]]()
        self._reading = set[asyncio.Task[None]]()

    @classmethod
    async def open(cls, redirect: LoopbackRedirect, state: str) -> "Loopback":
        """Listen on the first of the redirect's ports that can be had.

        Raises:
            MaestroError: 4006.
        """
        sockets = await listen(redirect)
        loopback = cls(redirect, state, sockets[0].getsockname()[1])
        try:
            for sock in sockets:
                server = await asyncio.start_server(loopback._accept, sock=sock, limit=HEAD_BYTES)
                loopback._servers.append(server)
        except BaseException:
            loopback.close()
            for sock in sockets:
                sock.close()
            raise
        return loopback

    async def code(self) -> Pasted:
        """The next code that comes with our state; waits as long as it takes.

        Raises:
            MaestroError: 4004 if the provider sent an error instead; 4005 if another program asked for the port.
        """
        arrived = await self._arrived.get()
        if isinstance(arrived, MaestroError):
            raise arrived
        return arrived

    def finish(self, ok: bool, message: str = "") -> None:
        """How it went; the browser that waits, or comes later, is told. `message` is a sentence about a failure."""
        result = self._result or asyncio.get_running_loop().create_future()
        if not result.done():
            result.set_result(pages.success() if ok else pages.failure(message))
        self._result = result if ok else None

    def close(self) -> None:
        """Stop listening now; only answers that are due still go out."""
        if self._closed:
            return
        self._closed, self._state = True, new_state()  # which is nobody's
        for server in self._servers:
            server.close()
        if self._result is None or not self._result.done():
            self.finish(False, "This login has ended.")
        for connection in self._reading:
            connection.cancel()
        while not self._arrived.empty():
            self._arrived.get_nowait()
        self._arrived.put_nowait(MaestroError("loginCancelled", "The login was cancelled."))

    async def aclose(self) -> None:
        """`close`, and wait for the answers that are due."""
        self.close()
        if self._connections:
            _, stuck = await asyncio.wait(set(self._connections), timeout=_CLOSE_SECONDS)
            for connection in stuck:
                connection.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(connection)
        self._reading.add(connection)
        connection.add_done_callback(self._connections.discard)
        connection.add_done_callback(self._reading.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if answer := await self._answer(reader):
                writer.write(answer)
                writer.close()
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await writer.wait_closed()
        except (OSError, TimeoutError):
            pass  # the browser went away
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes | None:
        try:
            request = await read_request(reader)
        except BadRequest as error:
            return pages.response(error.status)
        if (connection := asyncio.current_task()) is not None:
            self._reading.discard(connection)
        return None if request is None else await self._route(request)

    async def _route(self, request: Request) -> bytes:
        # Another name for this computer is a page of somebody else's that had its name resolved to us.
        if request.headers.get("host", "").lower() not in self._hosts:
            return pages.response(400)
        if request.method == "HEAD":
            return pages.headers_only(pages.neutral() if request.path == self._path else pages.response(404))
        if request.method != "GET":
            return pages.response(405, Allow="GET, HEAD")
        if request.path == self._path:
            return await self._visited(request)
        if request.path == "/cancel":
            return self._asked_to_cancel(request)
        return pages.response(204 if request.path == "/favicon.ico" else 404)

    async def _visited(self, request: Request) -> bytes:
        parameters = read_query(request.query)
        if not hmac.compare_digest(parameters.get("state", "").encode(), self._state.encode()):
            return pages.failure("This page belongs to another login, or to none.", 400)
        if self._result is None:
            if refused := refusal(parameters):
                self._arrived.put_nowait(refused)
                return pages.failure(refused.message)
            if not is_code(parameters.get("code", "")):
                return pages.failure("The address of this page holds no login code.", 400)
            self._result = asyncio.get_running_loop().create_future()
            self._arrived.put_nowait(Pasted(parameters["code"], parameters["state"]))
        result = self._result
        await asyncio.wait({result}, timeout=_EXCHANGE_SECONDS)
        return result.result() if result.done() else pages.neutral()

    def _asked_to_cancel(self, request: Request) -> bytes:
        """Another login wants the port. A web page may not: browsers say more than a program does."""
        if any(name in request.headers for name in _BROWSERS_SAY):
            return pages.response(403)
        message = "The login was cancelled because another program began its own on this computer."
        self._arrived.put_nowait(MaestroError("loginCancelled", message))
        return pages.response(200)
