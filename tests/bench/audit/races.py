"""Audit: random interleavings of edits, replies, cancels, saves and closes, each step held against a model."""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from unittest.mock import patch

from maestro import provider
from maestro.database import database
from maestro.database.database import Database
from maestro.database.owner import MemoryOwner
from maestro.providers.offline import audit as role
from tests.bench.audit.race_model import Model, Violation
from tests.bench.audit.race_steps import Race
from tests.bench.audit.virtual import VirtualLoop


def race(seed: str, home: Path) -> Model:
    """One interleaving, the same for the same seed. Raises Violation."""
    dice = Random(seed)
    random.seed(seed)  # for the pauses between attempts
    loop = VirtualLoop(dice)
    (home / "work").mkdir(parents=True)
    with (
        patch.object(Database, "_put", lambda self, job: loop.store(self, job)),
        patch.object(database, "FileOwner", lambda path, say: MemoryOwner()),
    ):
        try:
            return loop.run_until_complete(_raced(dice, loop, home))
        finally:
            provider.use(None)
            loop.close()


async def _raced(dice: Random, loop: VirtualLoop, home: Path) -> Model:
    one = Race(dice, loop, home)
    with patch.object(role, "generate_structured", one.service.generate_structured):
        try:
            await one.run()
        finally:
            leftover = asyncio.all_tasks() - {asyncio.current_task()}
            for task in leftover:
                task.cancel()
            await asyncio.gather(*leftover, return_exceptions=True)
            await one._services.aclose()
    return one.model


def measure(seed: int, limit: int) -> dict[str, float]:
    """How many of `limit` interleavings broke an invariant, and how much happened in them."""
    broken: list[str] = []
    publishes = 0
    began = time.perf_counter()
    for number in range(limit):
        with tempfile.TemporaryDirectory(prefix="maestro-race-") as home:
            name = f"{seed}.{number}"
            try:
                publishes += race(name, Path(home)).publishes
            except Violation as violation:
                broken.append(name)
                print(f"{name}: {violation}", file=sys.stderr)
    return {
        "interleavings": limit,
        "violations": len(broken),
        "publishes": publishes,
        "seconds": time.perf_counter() - began,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audit.races", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    options = parser.parse_args()
    numbers = measure(options.seed, options.count)
    print(json.dumps(numbers, indent=2))
    return 1 if numbers["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
