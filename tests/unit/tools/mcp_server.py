"""A real MCP server: its tools do what their names say, and leave files in the folder that is its first argument."""

import json
import os
import sys
import time
from pathlib import Path

import anyio
from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

FOLDER = Path(sys.argv[1])
HTTP = sys.argv[2] if len(sys.argv) > 2 else ""

server = MCPServer("test")


@server.tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
def add(a: int, b: int) -> str:
    """Add two numbers."""
    return str(a + b)


@server.tool(name="strange tool/ü")
def strange() -> str:
    return "strange indeed"


@server.tool()
def fail() -> str:
    raise ToolError("the disk is full")


@server.tool()
def environment() -> str:
    return json.dumps(dict(os.environ))


@server.tool()
def say(text: str, times: int = 1) -> str:
    return text * times


@server.tool()
def picture() -> Image:
    return Image(data=b"x" * 300, format="png")


@server.tool()
def crash() -> str:
    os._exit(3)


@server.tool()
async def wait() -> str:
    (FOLDER / "waiting").touch()
    try:
        await anyio.sleep(600)
    except BaseException:
        (FOLDER / "cancelled").touch()
        raise
    return "waited"


@server.tool()
async def block() -> str:
    """Hangs the whole server, which then neither hears of a cancellation nor sees that its stdin has ended."""
    (FOLDER / "blocking").touch()
    time.sleep(600)  # noqa: ASYNC251
    return "unblocked"


@server.tool()
async def grow(context: Context) -> str:
    server.add_tool(lambda: "new", name="grown")
    await context.notify_tools_changed()
    return "grown"


@server.tool()
def pid() -> str:
    return str(os.getpid())


def main() -> None:
    print("started with", os.environ.get("CANARY", "nothing"), file=sys.stderr)
    with (FOLDER / "starts").open("a") as starts:
        starts.write(f"{os.getpid()}\n")
    if HTTP:
        server.run("streamable-http", port=int(HTTP))
    else:
        server.run("stdio")


if __name__ == "__main__":
    main()
