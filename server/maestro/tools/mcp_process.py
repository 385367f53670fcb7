"""The host of the Model Context Protocol servers as seen from here: started, asked, and ended with all its servers."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count

from maestro.tools.mcp_host import LINE_LIMIT, kill_groups
from maestro_protocol.base import JsonObject

COMMAND = (sys.executable, "-P", "-m", "maestro.tools.mcp_host")
"""`-P`: what lies in the working directory is no module of ours."""

_SERVER = (
    "PATH HOME USER LOGNAME SHELL TERM LANG LC_ALL LC_CTYPE TZ TMPDIR TMP TEMP"
    " SYSTEMROOT SYSTEMDRIVE COMSPEC PATHEXT APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES USERPROFILE USERNAME"
    " HOMEDRIVE HOMEPATH"
).split()
_HOST = (
    "PYTHONPATH HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy"
    " SSL_CERT_FILE SSL_CERT_DIR"
).split()
"""For the host's own HTTP; a proxy's address may hold a password, so that servers do not get it."""

_log = logging.getLogger(__name__)


class HostLost(Exception):
    """The host ended, or was ended; whether it did what it was asked is not known."""


class HostRefusal(Exception):
    """The host's own failure: `error` is one of those its docstring lists, `detail` a server's words."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(error)
        self.error = error
        self.detail = detail


def server_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What every server gets: where things are, and no secret of ours."""
    return {name: environment[name] for name in _SERVER if name in environment}


class HostProcess:
    """One host. Ended once, it stays ended."""

    def __init__(self, process: asyncio.subprocess.Process, on_changed: Callable[[str], None]) -> None:
        self._process = process
        self._on_changed = on_changed
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[JsonObject]] = {}
        self._servers: set[int] = set()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, environment: Mapping[str, str], on_changed: Callable[[str], None], command: Sequence[str] = COMMAND
    ) -> "HostProcess":
        """Start a host; `on_changed` hears the name of a server whose tools are others now.

        Raises:
            OSError: the process cannot be started.
        """
        host_only = {name: environment[name] for name in _HOST if name in environment}
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # servers write there too, and nobody knows what
            env={**server_environment(environment), **host_only},
            limit=LINE_LIMIT,
            start_new_session=True,  # what a terminal sends to us is not for the servers
        )
        return cls(process, on_changed)

    @property
    def alive(self) -> bool:
        return not self._reading.done()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def request(self, op: str, fields: JsonObject) -> JsonObject:
        """The host's answer. Cancelling gives the request up in the host too.

        Raises:
            HostLost, HostRefusal
        """
        number, answer = next(self._numbers), asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._send({"id": number, "op": op, **fields})
            return _checked(await answer)
        except asyncio.CancelledError:
            self._write({"id": number, "op": "cancel"})
            raise
        finally:
            self._waiting.pop(number, None)

    async def aclose(self, seconds: float) -> None:
        """Let the host end itself and its servers for so long, then kill what is left."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.close()
        await asyncio.wait([self._reading], timeout=seconds)
        await self.kill()

    async def kill(self) -> None:
        """End the host and every server at once."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await asyncio.wait([self._reading])
        await self._process.wait()

    async def _send(self, message: JsonObject) -> None:
        if not self.alive:
            raise HostLost
        self._write(message)
        assert self._process.stdin is not None
        with suppress(ConnectionError):  # the reader will notice
            await self._process.stdin.drain()

    def _write(self, message: JsonObject) -> None:
        stdin = self._process.stdin
        if self.alive and stdin is not None and not stdin.is_closing():
            stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        """Until the host is gone or talks nonsense; then nobody waits and no server is left."""
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while line := await stdout.readline():
                self._take(json.loads(line))
        except (ValueError, KeyError, TypeError):
            _log.warning("The process that runs the MCP servers said something that cannot be read; it is ended.")
        with suppress(ProcessLookupError):
            self._process.kill()
        kill_groups(list(self._servers))
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(HostLost())

    def _take(self, message: JsonObject) -> None:
        match message:
            case {"id": int(number)}:
                answer = self._waiting.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(message)
            case {"started": int(pid)}:
                self._servers.add(pid)
            case {"gone": int(pid)}:
                self._servers.discard(pid)
            case {"changed": str(server)}:
                self._on_changed(server)


def _checked(answer: JsonObject) -> JsonObject:
    if "error" in answer:
        raise HostRefusal(str(answer["error"]), str(answer.get("detail", "")))
    return answer
