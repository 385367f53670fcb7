"""A program in the server's place that misbehaves: standin.py MODE JOURNAL (--version | lsp --stdio).

It writes its process id into the journal, a line for each start.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

MODE, JOURNAL, *ARGUMENTS = sys.argv[1:]


def main() -> None:
    if ARGUMENTS == ["--version"]:
        if MODE == "noVersion":
            forever()
        print("maestro 0.1.0")
        return
    with Path(JOURNAL).open("a") as journal:
        journal.write(f"{os.getpid()}\n")
    if MODE == "exit":
        sys.exit("ModuleNotFoundError: No module named 'x'")
    if MODE == "garbage":
        os.write(1, b"This is no message.\n\n" * 100)
    if MODE in ("garbage", "hang"):
        forever()
    while (message := receive()) is not None:
        answer(message)


def answer(message: dict[str, Any]) -> None:
    match message.get("method"):
        case "initialize":
            mine = message["params"]["capabilities"]["experimental"]["maestro"]["protocolVersions"][0]
            hello = {"protocolVersion": mine + (MODE == "newer"), "serverInstance": "x", "features": {}, "limits": {}}
            experimental = {} if MODE == "stranger" else {"maestro": hello}
            send({"id": message["id"], "result": {"capabilities": {"experimental": experimental}}})
        case "initialized" if MODE == "closing":
            os.close(1)
            forever()
        case "initialized" if MODE == "deaf":
            forever()
        case "shutdown":
            send({"id": message["id"], "result": None})
        case "exit":
            sys.exit()
        case str() if "id" in message and MODE != "mute":
            send({"id": message["id"], "error": {"code": -32601, "message": "No such method."}})


def forever() -> None:
    """Live on, whatever anybody says."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1000)


def receive() -> dict[str, Any] | None:
    length = 0
    for line in iter(sys.stdin.buffer.readline, b""):
        if line == b"\r\n":
            found: dict[str, Any] = json.loads(sys.stdin.buffer.read(length))
            return found
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return None


def send(message: dict[str, Any]) -> None:
    content = json.dumps({"jsonrpc": "2.0", **message}).encode()
    os.write(1, b"Content-Length: %d\r\n\r\n%b" % (len(content), content))


main()
