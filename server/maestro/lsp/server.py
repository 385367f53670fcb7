"""`maestro lsp`: descriptors, threads and the loop around one connection."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING

from maestro.lsp import logs
from maestro.lsp.connection import Backend, Connection
from maestro.lsp.frames import FrameDecoder
from maestro.lsp.handshake import Handshake, read, result
from maestro.lsp.lifecycle import exit_within, watch_parent
from maestro.lsp.limits import Limits
from maestro.lsp.messages import encode
from maestro.lsp.reader import Reader
from maestro.lsp.writer import LossyText, Outbox

if TYPE_CHECKING:
    from maestro_protocol.base import JsonObject

DRAIN_SECONDS = 0.5
CLOSE_SECONDS = 1.5
"""Within this time the process is gone, come what may."""


def run(client_process_id: int | None) -> int:
    """Serve the editor on standard input and output until one of the two goes; the exit code."""
    stdin, stdout = _reserve_descriptors()
    logs.begin()
    loop = asyncio.new_event_loop()
    # No asyncio.run: its end would wait for executor threads.
    return loop.run_until_complete(_serve(stdin, stdout, client_process_id))


def _reserve_descriptors() -> tuple[int, int]:
    """Take 0 and 1 for the protocol; whoever reads or prints gets nothing, or stderr."""
    stdin, stdout = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    stderr = LossyText(os.dup(2))
    stderr.start()
    sys.stdout = sys.stderr = stderr
    return stdin, stdout


async def _serve(stdin: int, stdout: int, client_process_id: int | None) -> int:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.loop_error)
    session = _Session(stdout, FrameDecoder(Limits().max_message_bytes))
    connection = session.connection
    session.outbox.start()
    Reader(stdin, session.decoder, loop, connection.receive, connection.stop).start()
    if client_process_id is not None:
        watch_parent(client_process_id, connection.stop)
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, connection.stop, 128 + number)
    code = await connection.exited
    exit_within(CLOSE_SECONDS, code)
    await connection.aclose()
    await _drain(session.outbox)
    return code


async def _drain(outbox: Outbox) -> None:
    """Give the editor a moment to take what is queued."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await outbox.drained()
    except TimeoutError:
        pass


class _Session:
    """What `initialize` ties together."""

    def __init__(self, stdout: int, decoder: FrameDecoder) -> None:
        self.decoder = decoder
        self.outbox = Outbox(stdout, asyncio.get_running_loop(), lambda: self.connection.stop())
        self.connection = Connection(self.outbox, self._open)

    def _open(self, params: "JsonObject") -> tuple[bytes, Coroutine[None, None, Backend]]:
        handshake = read(params, os.environ)
        self.decoder.limit = handshake.limits.max_message_bytes
        if (process_id := handshake.process_id) is not None:
            watch_parent(process_id, self.connection.stop)
        return encode(result(handshake)), self._load(handshake)

    async def _load(self, handshake: Handshake) -> Backend:
        """Import and construct everything else, once the editor has its answer; then collect garbage as usual."""
        await _drain(self.outbox)
        from maestro.lsp.backend import LspBackend

        backend = LspBackend(handshake, self.connection, self.outbox)
        gc.freeze()
        gc.enable()
        return backend
