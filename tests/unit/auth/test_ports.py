"""Fixed ports, and who may be sitting on them."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from maestro.auth import ports
from maestro.auth.loopback import Loopback
from maestro.errors import MaestroError
from maestro.providers.oauth import LoopbackRedirect
from tests.unit.auth.service import free_port, has_ipv6, is_free

ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_PAUSE", 0.02)


@asynccontextmanager
async def stale(port: int, *, obeys: bool, address: str = "127.0.0.1") -> AsyncIterator[list[bytes]]:
    """Another program's login on the port; gives what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
        if obeys:
            server.close()

    server = await asyncio.start_server(serve, address, port)
    try:
        yield asked
    finally:
        server.close()


def redirect(*numbers: int, host: str = "localhost") -> LoopbackRedirect:
    return LoopbackRedirect(host, "/auth/callback", numbers)


@pytest.mark.asyncio
async def test_the_first_port_that_is_free_is_taken() -> None:
    port = free_port()
    loopback = await Loopback.open(redirect(port, 0), "s")
    assert loopback.redirect_uri == f"http://localhost:{port}/auth/callback"
    await loopback.aclose()
    assert is_free(port)


@pytest.mark.asyncio
async def test_a_stale_login_is_asked_once_and_lets_go() -> None:
    port = free_port()
    async with stale(port, obeys=True) as asked:
        loopback = await Loopback.open(redirect(port, free_port()), "s")
    assert f":{port}/" in loopback.redirect_uri
    assert asked == [f"GET /cancel HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()]
    await loopback.aclose()


@pytest.mark.asyncio
async def test_one_that_does_not_let_go_keeps_its_port() -> None:
    port, other = free_port(), free_port()
    async with stale(port, obeys=False) as asked:
        loopback = await Loopback.open(redirect(port, other), "s")
        assert f":{other}/" in loopback.redirect_uri
        assert len(asked) == 1
        await loopback.aclose()


@pytest.mark.asyncio
async def test_one_that_never_answers_keeps_its_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_CANCEL_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        loopback = await Loopback.open(redirect(mute.getsockname()[1], 0), "s")
        await loopback.aclose()


@pytest.mark.asyncio
async def test_without_a_port_there_is_no_loopback() -> None:
    port, other = free_port(), free_port()
    async with stale(port, obeys=False), stale(other, obeys=False):
        with pytest.raises(MaestroError, match=f"Port {port} and port {other} of this computer") as caught:
            await Loopback.open(redirect(port, other), "s")
    assert caught.value.code == 4006


@pytest.mark.asyncio
async def test_a_login_of_ours_gives_way_to_the_next() -> None:
    port = free_port()
    first = await Loopback.open(redirect(port), "one")

    async def waits() -> MaestroError:
        with pytest.raises(MaestroError) as caught:
            await first.code()
        await first.aclose()
        return caught.value

    ending = asyncio.create_task(waits())
    second = await Loopback.open(redirect(port), "two")
    assert (await ending).code == 4005
    assert f":{port}/" in second.redirect_uri
    await second.aclose()


@ipv6
@pytest.mark.asyncio
async def test_somebody_on_the_other_localhost_counts() -> None:
    """Most browsers try ::1 first: the code would be theirs."""
    port = free_port()
    async with stale(port, obeys=True, address="::1") as asked:
        loopback = await Loopback.open(redirect(port), "s")
        assert len(asked) == 1
        await loopback.aclose()
    async with stale(port, obeys=False, address="::1"):
        with pytest.raises(MaestroError):
            await Loopback.open(redirect(port), "s")
        assert is_free(port)
        loopback = await Loopback.open(redirect(port, host="127.0.0.1"), "s")
        await loopback.aclose()


@pytest.mark.asyncio
async def test_without_ipv6_one_address_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = ports._bound

    def only_v4(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        return bound(family, address, port)

    monkeypatch.setattr(ports, "_bound", only_v4)
    loopback = await Loopback.open(redirect(0), "s")
    await loopback.aclose()


@pytest.mark.asyncio
async def test_a_port_we_may_not_have_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = ports._bound

    def forbidden(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
        if port == 80:
            raise PermissionError(errno.EACCES, "not allowed")
        return bound(family, address, port)

    monkeypatch.setattr(ports, "_bound", forbidden)
    loopback = await Loopback.open(redirect(80, 0), "s")
    assert ":80/" not in loopback.redirect_uri
    await loopback.aclose()


@pytest.mark.asyncio
async def test_giving_up_while_waiting_for_a_port_leaves_nothing_behind() -> None:
    port = free_port()
    async with stale(port, obeys=False):
        opening = asyncio.create_task(Loopback.open(redirect(port), "s"))
        await asyncio.sleep(0.05)
        opening.cancel()
        await asyncio.wait([opening])
        assert opening.cancelled()
    assert is_free(port)
