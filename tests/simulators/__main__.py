"""Serve the simulators by hand: `python -m tests.simulators [--port-base N] [--persona NAME]`, until Ctrl-C."""

import argparse
import asyncio
from contextlib import AsyncExitStack

from tests.simulators.fixtures import SERVICES, simulate
from tests.simulators.gateways import GATEWAYS
from tests.simulators.personas import names, parse


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators", description=__doc__)
    parser.add_argument("--port-base", type=int, default=0, help="first port; the others follow (default: free ones)")
    parser.add_argument("--persona", action="append", default=[], help="NAME[=VALUE][*TIMES], may be repeated")
    parser.add_argument("--gateway", choices=sorted(GATEWAYS), default="plain", help="whom `compatible` imitates")
    parser.add_argument("--only", choices=sorted(SERVICES), action="append", help="serve only this one")
    parser.add_argument("--oauth", action="store_true", help="print the variables of Maestro's login settings too")
    parser.add_argument("--list", action="store_true", help="show the personas and leave")
    options = parser.parse_args()
    if options.list:
        print("\n".join(names()))
        return
    for persona in options.persona:
        try:
            parse(persona)
        except ValueError as problem:
            parser.error(str(problem))
    try:
        asyncio.run(_serve(options))
    except KeyboardInterrupt:
        pass


async def _serve(options: argparse.Namespace) -> None:
    async with AsyncExitStack() as stack:
        for offset, name in enumerate(options.only or SERVICES):
            port = options.port_base + offset if options.port_base else 0
            more = {"gateway": options.gateway} if name == "compatible" else {}
            sim = await stack.enter_async_context(simulate(name, options.persona, port=port, **more))
            variables = {**sim.environment, **(sim.oauth_environment if options.oauth else {})}
            for variable, value in variables.items():
                print(f"export {variable}={value}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
