"""An MCP server as most are: of the protocol's 2025 revision, and written without the `mcp` package."""

import json
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
RESULTS = {
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {"listChanged": True}},
        "serverInfo": {"name": "older", "version": "1"},
    },
    "tools/call": {"content": [{"type": "text", "text": "done"}]},
}


def say(**message: object) -> None:
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def main() -> None:
    tools = ["grow"]
    for line in sys.stdin:
        message = json.loads(line)
        method, name = message["method"], message.get("params", {}).get("name")
        if method == "notifications/cancelled":
            (FOLDER / "cancelled").touch()
        elif name == "wait":
            (FOLDER / "waiting").touch()
        elif method == "tools/list":
            listed = [{"name": tool, "inputSchema": {"type": "object"}} for tool in tools]
            say(id=message["id"], result={"tools": listed})
        elif method in RESULTS:
            say(id=message["id"], result=RESULTS[method])
        elif "id" in message:
            say(id=message["id"], error={"code": -32601, "message": "Method not found"})
        if name == "grow":
            tools.append("wait")
            say(method="notifications/tools/list_changed")


if __name__ == "__main__":
    main()
