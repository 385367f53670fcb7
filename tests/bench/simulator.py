"""A simulator in its own process: `python -m tests.bench.simulator SERVICE plain|burst|paced|stamped COUNT [RATE]`.

Prints its base URL and serves until it is killed.
"""

import asyncio
import sys

from tests.simulators import openai
from tests.simulators.fixtures import simulate
from tests.simulators.personas import burst, paced
from tests.simulators.service import Persona


def persona(name: str, count: int, rate: float = 50) -> Persona:
    """Plain answers; or deltas at once, or `rate` per second, where `stamped` ones carry the time of their sending."""
    if name == "plain":
        return Persona(name)
    return burst(count) if name == "burst" else paced(rate, count, stamped=name == "stamped")


# Codex sends this one beside the documented fields.
openai.RESPONSES_FIELDS |= {"client_metadata"}


async def main(service: str, name: str, *numbers: str) -> None:
    async with simulate(service, persona(name, *map(int, numbers))) as sim:
        print(sim.base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
