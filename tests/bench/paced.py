"""Processor time per delta at the pace of a model, where waking up costs more than reading: reported, not judged."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench.harness import Child, Row, environment, serving
from tests.bench.peers import order_turn, peers_of, read_turn
from tests.bench.server import RESPONSES, Maestro

RATE, SECONDS = 50, 10
DELTAS = RATE * SECONDS


def run(home: Path) -> Iterator[Row]:
    """All at the same time: each has its own stream of the same simulator."""
    with ExitStack() as stack:
        url = stack.enter_context(serving("openai", "paced", str(DELTAS), str(RATE)))
        server = stack.enter_context(Maestro(home, RESPONSES.variables(url)))
        server.initialize()
        server.sign_in(RESPONSES)
        children: dict[str, Child] = {"": server}
        for peer in peers_of(RESPONSES):
            if peer.command:
                children[peer.name] = stack.enter_context(Child(peer.command, environment(home)))
        _turns(children, url)  # warms everybody up
        before = {name: child.cpu for name, child in children.items()}
        _turns(children, url)
        spent = {name: (child.cpu - before[name]) / DELTAS * 1e6 for name, child in children.items()}
    ours = spent.pop("")
    for name, theirs in spent.items():
        yield Row(f"paced responses: {name}", f"{ours:.0f} us", f"{theirs:.0f} us", ours / theirs)


def _turns(children: dict[str, Child], url: str) -> None:
    asked = [(child, _ask(child, url)) for child in children.values()]
    for child, request_id in asked:
        read_turn(child, request_id)


def _ask(child: Child, url: str) -> int:
    return child.ask(RESPONSES) if isinstance(child, Maestro) else order_turn(child, RESPONSES, url)
