"""Standard input, always read: a thread of its own cuts it into bodies and posts them to the loop."""

import io
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable

from maestro.lsp.frames import FrameDecoder, Input

CHUNK_BYTES = 65536


class Reader:
    """Reads a descriptor until its end; `on_input` and `on_end` run on the loop."""

    def __init__(
        self,
        descriptor: int,
        decoder: FrameDecoder,
        loop: AbstractEventLoop,
        on_input: Callable[[list[Input]], None],
        on_end: Callable[[], None],
    ) -> None:
        self._descriptor = descriptor
        self._decoder = decoder
        self._loop = loop
        self._on_input = on_input
        self._on_end = on_end

    def start(self) -> None:
        threading.Thread(target=self._run, name="maestro-stdin", daemon=True).start()

    def _run(self) -> None:
        # Through sys.stdin.buffer a daemon thread would abort the interpreter at exit.
        with io.BufferedReader(io.FileIO(self._descriptor), CHUNK_BYTES) as stream:
            while data := self._read(stream.read1):
                if found := self._decoder.feed(data):
                    self._post(self._on_input, found)
        self._post(self._on_end)

    @staticmethod
    def _read(read: Callable[[int], bytes]) -> bytes:
        try:
            return read(CHUNK_BYTES)
        except OSError:
            return b""

    def _post(self, call: Callable[..., None], *arguments: list[Input]) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            pass  # the loop is closed: nobody is left to tell
