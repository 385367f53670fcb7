"""LSP framing as a strict peer sees it: what is written must be exact to the byte, or it is a fault."""

import json
import re

from pydantic import JsonValue

from maestro_protocol.base import JsonObject

HEADER = re.compile(rb"Content-Length: (\d+)\r\n(?:Content-Type: [^\r\n]+\r\n)?\r\n")
LONGEST_HEADER = 256


def frame(body: bytes) -> bytes:
    """A body with its header; the length counts bytes."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def encode(message: JsonValue, *, ascii_only: bool = True) -> bytes:
    """A message as a frame."""
    text = json.dumps(message, ensure_ascii=ascii_only, separators=(",", ":"))
    return frame(text.encode())


class FrameError(Exception):
    """What the peer wrote is no frame."""


class FrameReader:
    """Cuts bytes into messages and refuses everything a strict client would refuse."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bytes:
        """Bytes of a frame that is not whole yet."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> list[JsonObject]:
        """The messages completed by `data`.

        Raises:
            FrameError: something else than `Content-Length` framing, UTF-8 and one JSON-RPC object.
        """
        self._buffer += data
        messages = []
        while (body := self._next_body()) is not None:
            messages.append(_parse(body))
        return messages

    def _next_body(self) -> bytes | None:
        header = HEADER.match(self._buffer)
        if header is None:
            if len(self._buffer) > LONGEST_HEADER or b"\r\n\r\n" in self._buffer:
                raise FrameError(f"no header at {bytes(self._buffer[:80])!r}")
            return None
        end = header.end() + int(header[1])
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[header.end() : end])
        del self._buffer[:end]
        return body


def _parse(body: bytes) -> JsonObject:
    try:
        message = json.loads(body.decode())
    except ValueError as error:
        raise FrameError(f"no JSON in UTF-8: {body[:80]!r}") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise FrameError(f"no JSON-RPC 2.0 object: {body[:80]!r}")
    is_answer = "id" in message and "method" not in message
    if is_answer and ("result" in message) == ("error" in message):
        raise FrameError(f"an answer needs either a result or an error: {body[:80]!r}")
    return message
