"""Whom our relay is compared with. Every peer reads orders and writes frames, as `peer.py` lays down."""

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench import beside
from tests.bench.harness import Broken, Child
from tests.bench.server import Wire, text_in

_HERE = Path(__file__).parent
_LITELLM = ("chat", "messages")
"""It takes 200 us per delta and makes Chat Completions of everything, so two wires tell enough."""
_SDKS = {"responses": "openai", "chat": "openai", "messages": "anthropic", "gemini": "gemini"}


@dataclass(frozen=True, slots=True)
class Peer:
    """`aim` is the most our processor time may be of the peer's; `command` is empty where it is not installed."""

    name: str
    command: tuple[str | Path, ...]
    aim: float | None = None


def peers_of(wire: Wire) -> list[Peer]:
    """The floors and the rivals on a wire."""
    sdk, litellm = beside.sdk(), beside.litellm()
    peers = [
        Peer("httpx", (sys.executable, _HERE / "httpx_floor.py"), 2.0),
        Peer("socket", (sys.executable, _HERE / "socket_floor.py")),
        Peer("SDK", (sdk, _HERE / f"{_SDKS[wire.name]}_sdk.py") if sdk else (), 0.25),
    ]
    if wire.name in _LITELLM:
        peers.append(Peer("litellm", (litellm, _HERE / "litellm_sdk.py") if litellm else ()))
    return peers


def order_turn(child: Child, wire: Wire, url: str) -> int:
    """Have a peer ask the simulator at `url`; the order's id."""
    return child.start("turn", wire.order(url))


def read_turn(child: Child, request_id: int) -> int:
    """Just read until the answer, as our clients do in measurements; the characters of the text."""
    size = 0
    for message in child.messages():
        if message.get("id") == request_id:
            return size
        size += len(text_in(message))
    raise Broken("the answer never came")
