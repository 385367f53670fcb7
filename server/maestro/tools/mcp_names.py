"""What an MCP tool is called here, and what its server's hints make of it."""

import hashlib
import re

from pydantic import JsonValue

from maestro_protocol.tools import ToolAnnotations

_LONGEST = 64
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def tool_name(server: str, tool: str) -> str:
    """`mcp__<server>__<tool>`, different for different tools; a hash stands in for what providers would not take."""
    name = f"mcp__{server}__{tool}"
    safe = _UNSAFE.sub("_", name)
    # With such a server, another server's tool could have the same name.
    doubtful = "__" in server or server.endswith("_")
    if safe == name and len(name) <= _LONGEST and not doubtful:
        return name
    digest = hashlib.sha256(f"{len(server)} {server}{tool}".encode("utf-8", "replace")).hexdigest()[:10]
    return f"{safe[: _LONGEST - 11]}_{digest}"


def annotations(
    read_only: JsonValue, destructive: JsonValue, open_world: JsonValue, *, trusted: bool = False
) -> ToolAnnotations:
    """From MCP's hints, of which each may be absent: then the worst holds. `destructive` says nothing of a tool that
    only reads; one said to be both is believed to be destructive.

    Hints are claims. That a tool only reads, so that it runs without a question, is believed of `trusted` servers;
    of others it only means that the tool destroys nothing, so that it can be granted.
    """
    reads = read_only is True and destructive is not True
    return ToolAnnotations(
        read_only=reads and trusted,
        destructive=not reads and destructive is not False,
        open_world=open_world is not False,
    )
