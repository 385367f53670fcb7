"""What a peer does besides its own way of reading: orders in, its text in one frame per 33 ms out.

Runs under the interpreter of any side environment, so it needs nothing but the standard library.
"""

import asyncio
import json
import sys
import time

INTERVAL = 0.033


class Out:
    """The frames of one turn."""

    def __init__(self):
        self._texts = []
        self._due = 0.0

    def text(self, text):
        self._texts.append(text)
        now = time.monotonic()
        if now >= self._due:
            self._due = now + INTERVAL
            self.flush()

    def flush(self):
        value = {"type": "text.delta", "text": "".join(self._texts)}
        self._texts.clear()
        send({"method": "$/progress", "params": {"token": "stream", "value": value}})


def send(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    sys.stdout.buffer.flush()


def serve(turn):
    """Answer each order with `await turn(order, out)`, one after the other on one loop, until stdin ends."""
    with asyncio.Runner() as runner:
        while header := sys.stdin.buffer.readline():
            sys.stdin.buffer.readline()
            request = json.loads(sys.stdin.buffer.read(int(header.split(b":")[1])))
            out = Out()
            runner.run(turn(request["params"], out))
            out.flush()
            send({"id": request["id"], "result": {}})


def text_of(event, wire):
    """The text in one event of a wire."""
    if wire == "responses":
        return event["delta"] if event["type"] == "response.output_text.delta" else ""
    if wire == "chat":
        return event["choices"][0]["delta"].get("content") or "" if event["choices"] else ""
    if wire == "messages":
        return event["delta"].get("text", "") if event["type"] == "content_block_delta" else ""
    return "".join(part.get("text", "") for part in event["candidates"][0].get("content", {}).get("parts", ()))
