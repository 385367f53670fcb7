"""The data of the HTTP layer: what came in, what goes out, and when."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

Json: TypeAlias = dict[str, Any]
"""A body nobody has validated yet: the simulators dig into it to find out what is wrong with it."""

STAMP = b"@@maestro-stamp@@@@"
"""Replaced on sending by `time.monotonic_ns()` in as many digits, so that a reader can tell how old a delta is."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Send nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing more, or only `comment` every `every` seconds, until the client goes away."""

    comment: bytes = b""
    every: float = 1.0


@dataclass(frozen=True, slots=True)
class Reset:
    """End the connection with a TCP reset; what was sent before is flushed."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """Close the connection in the middle of the body: no last chunk, no missing bytes."""


@dataclass(frozen=True, slots=True)
class Paced:
    """Send one part per tick, `rate` per second; all paced streams share one timer."""

    parts: tuple[bytes, ...]
    rate: float
    stamped: bool = False


Step: TypeAlias = bytes | Pause | Stall | Reset | Hangup | Paced


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer as a plan: personas rewrite it, the server carries it out.

    `framing` is `length` (all bytes counted first), `chunked` (one chunk per part) or `close` (no length at all).
    `first` is the index in `steps` of the first part that carries content, `wire` names the stream's format.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    framing: str = "length"
    before: tuple[Step, ...] = ()
    """Steps taken before the status line is sent."""
    first: int = 0
    wire: str = "json"
    stop: asyncio.Event | None = None
    """Ends the body early, in good order, when it is set."""

    @property
    def is_stream(self) -> bool:
        return self.wire != "json"


@dataclass(eq=False, slots=True)
class Connection:
    """One TCP connection of a client."""

    number: int
    opened_at: float
    requests: "list[Request]" = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    closed_at: float | None = None
    """`time.monotonic()` of the end."""
    closed_by: str | None = None
    """`client` or `server`."""


@dataclass(eq=False, slots=True)
class Request:
    """One request, as received. Header names are lower-case; `raw_headers` keeps their order and case."""

    method: str
    target: str
    raw_headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: Connection = field(repr=False)
    at: float = 0.0
    """`time.monotonic()` when the last byte had arrived."""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.raw_headers}

    @property
    def json(self) -> Json:
        """The body as a JSON object.

        Raises:
            ValueError: it is none.
        """
        value = json.loads(self.body)
        if not isinstance(value, dict):
            raise ValueError("The body is not a JSON object.")
        return value


def dump(value: object, *, spaced: bool = False) -> bytes:
    """JSON as the services write it: compact, raw UTF-8, escapes only where a surrogate stands alone."""
    separators = (", ", ": ") if spaced else (",", ":")
    try:
        return json.dumps(value, ensure_ascii=False, separators=separators).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=separators).encode()


def json_answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    """A whole JSON answer."""
    return Answer(status, {"content-type": "application/json", **(headers or {})}, (dump(value),))
