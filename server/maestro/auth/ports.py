"""Takes the port a browser returns to, on both loopback addresses, from whoever left a login lying there."""

import asyncio
import errno
import socket
import sys
from contextlib import suppress

from maestro.errors import MaestroError
from maestro.providers.oauth import LoopbackRedirect

_V4, _V6 = "127.0.0.1", "::1"
_ATTEMPTS = 10
_PAUSE = 0.2
_CANCEL_SECONDS = 1.0


async def listen(redirect: LoopbackRedirect) -> list[socket.socket]:
    """Listening sockets on the first port that can be had.

    Raises:
        MaestroError: 4006.
    """
    for port in redirect.ports:
        if sockets := await _take(port, redirect.host):
            return sockets
    fixed = [str(port) for port in redirect.ports if port]
    taken = f"Port {' and port '.join(fixed)} of this computer cannot be had" if fixed else "No port can be had"
    message = f"{taken}, so the browser has nowhere to return to; free it and create the session again."
    raise MaestroError("loopbackUnavailable", message)


async def _take(port: int, host: str) -> list[socket.socket] | None:
    """The port, waiting up to 2 s for an older login to let go of a fixed one."""
    for attempt in range(_ATTEMPTS + 1):
        try:
            return _bind(port, host)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return None
        if port and attempt == 0:
            await _ask_to_cancel(port)
        elif port:
            await asyncio.sleep(_PAUSE)
    return None


def _bind(port: int, host: str) -> list[socket.socket]:
    """127.0.0.1, and ::1 at the same port where there is IPv6.

    Somebody else at ::1 counts as taken if the browser looks `localhost` up: most try ::1 first, and the code would
    be theirs.
    """
    first = _bound(socket.AF_INET, _V4, port)
    try:
        return [first, _bound(socket.AF_INET6, _V6, first.getsockname()[1])]
    except OSError as error:
        if error.errno == errno.EADDRINUSE and host != _V4:
            first.close()
            raise
    return [first]


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # There SO_REUSEADDR would share the port with others.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind((address, port))
        sock.listen()
    except OSError:
        sock.close()
        raise
    return sock


async def _ask_to_cancel(port: int) -> None:
    """The polite request codex and we understand: give up the login that holds this port."""
    for address, host in ((_V4, _V4), (_V6, f"[{_V6}]")):
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CANCEL_SECONDS):
                reader, writer = await asyncio.open_connection(address, port)
                try:
                    writer.write(f"GET /cancel HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                    await reader.read(1024)
                finally:
                    writer.close()
