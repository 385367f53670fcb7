"""What is known of one MCP server: its tools, what is wrong with it, and when to try again."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from maestro.errors import MaestroError
from maestro.tools.base import Tool
from maestro.tools.mcp_process import HostProcess
from maestro_protocol.settings import McpServer

SENTENCES: Mapping[str, str] = {
    "missing": "MCP servers need an extra that is not installed. Install the extra: pip install 'the-maestro[mcp]'",
    "command": "The command of the MCP server `{}` cannot be started; see that it is installed and on the PATH.",
    "unreachable": "The MCP server `{}` cannot be reached at its address.",
    "lost": "The MCP server `{}` ended or broke off; the next use connects to it again.",
    "absent": "The MCP server `{}` is not connected.",
    "refused": "The MCP server `{}` refused the request.",
    "failed": "The MCP server `{}` gave an answer that cannot be read.",
    "cancelled": "The request to the MCP server `{}` was given up.",
    "tooLarge": "The MCP server `{}` gave an answer that is too large.",
    "late": "The MCP server `{}` did not answer within `tools.timeoutMs`; the request was given up.",
    "config": "The MCP server `{}` needs either a `command` or an `https` address as its `url` in the settings.",
    "host": "The process that runs the MCP servers ended; the next use of the server `{}` starts it again.",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: the wait after a failure, doubled up to a limit; how long a host may be silent, and take to end."""

    first: float = 0.5
    longest: float = 60.0
    ping: float = 5.0
    close: float = 2.0


@dataclass(slots=True)
class Pace:
    """When to try again what failed."""

    patience: Patience
    failures: int = 0
    not_before: float = 0.0

    @property
    def left(self) -> float:
        return self.not_before - time.monotonic()

    def failed(self) -> None:
        delay = min(self.patience.first * 2.0 ** min(self.failures, 16), self.patience.longest)
        self.not_before = time.monotonic() + delay
        self.failures += 1

    def worked(self) -> None:
        self.failures, self.not_before = 0, 0.0


@dataclass(slots=True)
class ServerState:
    """What is known of one configured server."""

    name: str
    config: McpServer
    pace: Pace
    tools: list[Tool] = field(default_factory=list)
    problem: str | None = None
    host: HostProcess | None = None
    """Where its tools were listed; None if they must be listed anew."""
    calls: int = 0
    """Under way now."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def sentence(kind: str, server: str) -> str:
    """What a failure of the host is called for a person."""
    return SENTENCES.get(kind, SENTENCES["failed"]).format(server)


def failure(kind: str, server: str, detail: str = "") -> MaestroError:
    """The same as an error, with what the server said about it."""
    return MaestroError("toolFailed", sentence(kind, server) + detail)
