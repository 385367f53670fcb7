"""The listener a browser returns to, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from maestro.auth import loopback as module
from maestro.auth import request
from maestro.auth.loopback import Loopback
from maestro.auth.paste import Pasted
from maestro.errors import MaestroError
from maestro.providers.oauth import LoopbackRedirect
from tests.unit.auth.service import CODE, Visit, browse, has_ipv6, is_free, send

STATE = "canary-state-9c8b7a"
REDIRECT = LoopbackRedirect("localhost", "/auth/callback")


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Loopback, Visit]]:
    loopback = await Loopback.open(REDIRECT, STATE)
    try:
        yield loopback, Visit(loopback.redirect_uri, STATE)
    finally:
        await loopback.aclose()


async def answered(loopback: Loopback, *, ok: bool = True, message: str = "") -> Pasted:
    """Play the login: take the code, say how it went."""
    pasted = await loopback.code()
    loopback.finish(ok, message)
    return pasted


def head(visit: Visit, method: str = "GET", path: str = "/auth/callback", **headers: str) -> bytes:
    fields = {"Host": f"localhost:{visit.port}", **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.asyncio
async def test_a_code_arrives_and_the_browser_hears_how_it_went() -> None:
    async with opened() as (loopback, visit), asyncio.TaskGroup() as group:
        assert visit.redirect_uri == f"http://localhost:{visit.port}/auth/callback"
        page = group.create_task(browse(visit.address()))
        pasted = await loopback.code()
        assert pasted == Pasted(CODE, STATE)
        assert not page.done()
        loopback.finish(True)
        answer = await page
        assert answer.status_code == 200
        assert "You are signed in" in answer.text
        assert CODE not in answer.text
        assert STATE not in answer.text
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.asyncio
async def test_another_state_is_refused_and_the_login_goes_on() -> None:
    async with opened() as (loopback, visit):
        for wrong in ("other", "", "caf\u00e9", STATE + "x"):
            refused = await browse(visit.address(state=wrong))
            assert refused.status_code == 400
            assert "another login" in refused.text
        for query in ("?code=x", "", f"?code=x&error=access_denied&state={STATE[:-1]}"):
            assert (await browse(visit.address().partition("?")[0] + query)).status_code == 400
        page, pasted = await asyncio.gather(browse(visit.address()), answered(loopback))
        assert page.status_code == 200
        assert pasted.code == CODE


@pytest.mark.asyncio
async def test_an_error_ends_the_wait_with_the_providers_words() -> None:
    async with opened() as (loopback, visit):
        page = await browse(visit.address("", error="access_denied", error_description="You said <no>."))
        assert "access_denied: You said &lt;no&gt;" in page.text
        with pytest.raises(MaestroError, match=r"access_denied: You said <no>\)") as caught:
            await loopback.code()
        assert caught.value.code == 4004


@pytest.mark.asyncio
@pytest.mark.parametrize("code", ["", "two\nlines", "caf\u00e9", "x" * 4097])
async def test_no_code_is_no_end(code: str) -> None:
    async with opened() as (loopback, visit):
        assert (await browse(visit.address(code))).status_code == 400
        _, pasted = await asyncio.gather(browse(visit.address()), answered(loopback))
        assert pasted.code == CODE


@pytest.mark.asyncio
async def test_a_second_tab_gets_the_same_page_and_triggers_nothing() -> None:
    async with opened() as (loopback, visit), asyncio.TaskGroup() as group:
        first = group.create_task(browse(visit.address()))
        await loopback.code()
        tabs = [group.create_task(browse(visit.address(code))) for code in (CODE, "another-code")]
        denied = group.create_task(browse(visit.address("", error="access_denied")))
        again = group.create_task(loopback.code())
        await asyncio.wait([again, *tabs], timeout=0.05)
        loopback.finish(True)
        pages = [await task for task in (first, *tabs, denied)]
        pages.append(await browse(visit.address()))
        assert {page.text for page in pages} == {pages[0].text}
        assert "You are signed in" in pages[0].text
        assert not again.done()
        again.cancel()


@pytest.mark.asyncio
async def test_after_a_failure_a_reload_counts_again() -> None:
    async with opened() as (loopback, visit):
        page, _ = await asyncio.gather(browse(visit.address()), answered(loopback, ok=False, message="It broke."))
        assert "It broke." in page.text
        assert "did not succeed" in page.text
        page, pasted = await asyncio.gather(browse(visit.address()), answered(loopback))
        assert "You are signed in" in page.text
        assert pasted.code == CODE


@pytest.mark.asyncio
async def test_a_slow_exchange_does_not_keep_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EXCHANGE_SECONDS", 0.05)
    async with opened() as (_, visit):
        page = await browse(visit.address())
        assert page.status_code == 200
        assert "Your editor will say" in page.text


@pytest.mark.asyncio
async def test_what_browsers_ask_besides_is_harmless() -> None:
    async with opened() as (loopback, visit):
        base = f"http://127.0.0.1:{visit.port}"
        assert (await browse(f"{base}/favicon.ico")).status_code == 204
        assert (await browse(f"{base}/anything")).status_code == 404
        assert (await browse(f"{base}/")).status_code == 404
        query = visit.address().partition("?")[2]
        looked = await send(visit.port, head(visit, "HEAD", f"/auth/callback?{query}"))
        assert looked.startswith(b"HTTP/1.1 200 ")
        assert looked.endswith(b"\r\n\r\n")
        assert (await send(visit.port, head(visit, "HEAD", "/x"))).startswith(b"HTTP/1.1 404 ")
        for method in ("POST", "PUT", "OPTIONS", "DELETE"):
            answer = await send(visit.port, head(visit, method, f"/auth/callback?{query}"))
            assert answer.startswith(b"HTTP/1.1 405 ")
            assert b"Allow: GET, HEAD" in answer
        _, pasted = await asyncio.gather(browse(visit.address()), answered(loopback))
        assert pasted.code == CODE


@pytest.mark.asyncio
async def test_another_name_for_this_computer_is_refused() -> None:
    async with opened() as (loopback, visit):
        port, query = visit.port, visit.address().partition("?")[2]
        evil = [f"{name}:{port}" for name in ("evil.example", "::1", "0.0.0.0", "localhost.evil.example")]
        evil += ["evil.example", "localhost", "127.0.0.1", "", f"localhost:{port + 1}"]
        for host in evil:
            answer = await send(port, head(visit, path=f"/auth/callback?{query}", Host=host))
            assert answer.startswith(b"HTTP/1.1 400 "), host
        none = f"GET /auth/callback?{query} HTTP/1.0\r\n\r\n".encode()
        two = head(visit, path=f"/auth/callback?{query}", host=f"localhost:{port}")
        for data in (none, two):
            assert (await send(port, data)).startswith(b"HTTP/1.1 400 ")
        assert (await send(port, head(visit, path="/cancel", Host="evil.example"))).startswith(b"HTTP/1.1 400 ")
        wait = asyncio.create_task(loopback.code())
        for host in (f"LOCALHOST:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
            page, _ = await asyncio.gather(
                send(port, head(visit, path=f"/auth/callback?{query}", Host=host)), _finish(loopback, wait)
            )
            assert page.startswith(b"HTTP/1.1 200 ")


async def _finish(loopback: Loopback, wait: "asyncio.Task[Pasted]") -> None:
    await wait
    loopback.finish(True)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET http://localhost/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_refused(data: bytes) -> None:
    async with opened() as (loopback, visit):
        assert (await send(visit.port, data)).startswith(b"HTTP/1.1 400 ")
        _, pasted = await asyncio.gather(browse(visit.address()), answered(loopback))
        assert pasted.code == CODE


@pytest.mark.asyncio
async def test_a_head_without_end_is_cut_off() -> None:
    async with opened() as (loopback, visit):
        answer = await send(visit.port, b"GET / HTTP/1.1\r\nX: " + b"x" * 16_384)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert await send(visit.port, b"x" * 1_000_000) in (b"", answer)  # what is left unread may reset the connection
        _, pasted = await asyncio.gather(browse(visit.address()), answered(loopback))
        assert pasted.code == CODE


@pytest.mark.asyncio
async def test_half_a_request_is_dropped_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "_SECONDS", 0.05)
    async with opened() as (loopback, visit):
        assert await send(visit.port, b"GET /auth/call") == b""
        assert await send(visit.port, b"") == b""
        _, pasted = await asyncio.gather(browse(visit.address()), answered(loopback))
        assert pasted.code == CODE


@pytest.mark.asyncio
async def test_peers_that_go_away_are_harmless() -> None:
    async with opened() as (loopback, visit):
        for data in (b"", b"GET /auth/call", head(visit, path="/auth/callback?" + visit.address().partition("?")[2])):
            _, writer = await asyncio.open_connection("127.0.0.1", visit.port)
            writer.write(data)
            await writer.drain()
            writer.transport.abort()
        assert (await answered(loopback)).code == CODE
        assert "You are signed in" in (await browse(visit.address())).text


@pytest.mark.asyncio
@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
async def test_a_browser_that_looks_localhost_up_as_ipv6_arrives() -> None:
    async with opened() as (loopback, visit):
        page, pasted = await asyncio.gather(browse(visit.address(host="[::1]")), answered(loopback))
        assert page.status_code == 200
        assert pasted.code == CODE


@pytest.mark.asyncio
async def test_another_program_may_take_over_politely() -> None:
    async with opened() as (loopback, visit):
        assert (await send(visit.port, head(visit, path="/cancel"))).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(MaestroError) as caught:
            await loopback.code()
        assert caught.value.code == 4005


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["Sec_Fetch_Site", "Origin", "Referer"])
async def test_a_web_page_may_not_cancel(name: str) -> None:
    async with opened() as (loopback, visit):
        answer = await send(visit.port, head(visit, path="/cancel", **{name: "https://evil.example"}))
        assert answer.startswith(b"HTTP/1.1 403 ")
        _, pasted = await asyncio.gather(browse(visit.address()), answered(loopback))
        assert pasted.code == CODE


@pytest.mark.asyncio
async def test_waiting_can_be_cancelled_and_taken_up_again() -> None:
    async with opened() as (loopback, visit):
        wait = asyncio.create_task(loopback.code())
        await asyncio.sleep(0)
        wait.cancel()
        await asyncio.wait([wait])
        assert wait.cancelled()
        _, pasted = await asyncio.gather(browse(visit.address()), answered(loopback))
        assert pasted.code == CODE


@pytest.mark.asyncio
async def test_closing_ends_everything_at_once() -> None:
    loopback = await Loopback.open(REDIRECT, STATE)
    visit = Visit(loopback.redirect_uri, STATE)
    reader, writer = await asyncio.open_connection("127.0.0.1", visit.port)
    writer.write(b"GET /half")
    page = asyncio.create_task(browse(visit.address()))
    await loopback.code()
    await loopback.aclose()
    assert is_free(visit.port)
    assert await reader.read() == b""
    assert "This login has ended" in (await page).text
    with pytest.raises(MaestroError) as caught:
        await loopback.code()
    assert caught.value.code == 4005
    await loopback.aclose()
    writer.close()


@pytest.mark.asyncio
@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
async def test_a_listener_that_cannot_be_made_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = []
    really = asyncio.start_server

    async def once(serve: Any, *, sock: socket.socket, limit: int) -> asyncio.Server:
        ports.append(sock.getsockname()[1])
        if len(ports) > 1:
            raise OSError("no more")
        return await really(serve, sock=sock, limit=limit)

    monkeypatch.setattr(asyncio, "start_server", once)
    with pytest.raises(OSError, match="no more"):
        await Loopback.open(REDIRECT, STATE)
    assert is_free(ports[0])
