"""Reads the head of one HTTP request, which is all a redirect is."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

HEAD_BYTES = 16 * 1024
_SECONDS = 10.0


class BadRequest(Exception):
    """What came is no request we read; `status` says so."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """Header names are lower-case."""

    method: str
    path: str
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The request; None if the peer went away, or took more than 10 s. The reader's limit is `HEAD_BYTES`.

    Raises:
        BadRequest: 431 for one that is too long, 400 for what cannot be read.
    """
    try:
        async with asyncio.timeout(_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
    except (TimeoutError, OSError, asyncio.IncompleteReadError):
        return None
    except asyncio.LimitOverrunError:
        raise BadRequest(431) from None
    return _parse(head.decode("latin-1"))


def _parse(head: str) -> Request:
    first, *lines = head.strip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[1].startswith("/") or not words[2].startswith("HTTP/1."):
        raise BadRequest(400)
    path, _, query = words[1].partition("?")
    return Request(words[0], path, query, _headers(lines))


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not name or name != name.strip() or (name == "host" and name in headers):
            raise BadRequest(400)
        headers[name] = value.strip()
    return headers
