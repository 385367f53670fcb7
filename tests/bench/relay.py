"""Processor time per delta in a burst, from the provider's bytes to the editor's frames, wire by wire."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench.harness import Broken, Child, Row, environment, median_ratio, serving, spread
from tests.bench.peers import Peer, order_turn, peers_of, read_turn
from tests.bench.server import WIRES, Maestro, Wire

DELTAS = 20_000
ROUNDS = 5


def run(home: Path) -> Iterator[Row]:
    for wire in WIRES:
        yield from _rows(wire, peers_of(wire), home)


def _rows(wire: Wire, peers: Sequence[Peer], home: Path) -> Iterator[Row]:
    measured = _measure(wire, [peer for peer in peers if peer.command], home)
    for peer in peers:
        name = f"relay {wire.name}: {peer.name}"
        if not peer.command:
            yield Row(name, "", "not installed")
            continue
        ours, theirs = measured[""], measured[peer.name]
        ratio = median_ratio(ours, theirs)
        met = None if peer.aim is None else ratio <= peer.aim
        aim = "" if peer.aim is None else f"<= {peer.aim:.2g}x"
        yield Row(name, spread(ours, "us", 1e6), spread(theirs, "us", 1e6), ratio, aim, met)


def _measure(wire: Wire, peers: Sequence[Peer], home: Path) -> Mapping[str, list[float]]:
    """Seconds per delta in each round, ours under the empty name. The first round warms everybody up."""
    with ExitStack() as stack:
        url = stack.enter_context(serving(wire.service, "burst", str(DELTAS)))
        server = stack.enter_context(Maestro(home, wire.variables(url)))
        server.initialize()
        server.sign_in(wire)
        variables = environment(home)
        children = {peer.name: stack.enter_context(Child(peer.command, variables)) for peer in peers}
        rounds: dict[str, list[float]] = {"": [], **{name: [] for name in children}}
        for _ in range(ROUNDS + 1):
            before = server.cpu
            size = read_turn(server, server.ask(wire))
            rounds[""].append((server.cpu - before) / DELTAS)
            for name, child in children.items():
                before = child.cpu
                if read_turn(child, order_turn(child, wire, url)) != size:
                    raise Broken(f"{name} and our server read different texts on {wire.name}")
                rounds[name].append((child.cpu - before) / DELTAS)
    return {name: values[1:] for name, values in rounds.items()}
