"""`maestro models`: what can be asked."""

import argparse
import json

from maestro.app import Services
from maestro.cli.terminal import run_with_services, say
from maestro_protocol.models import ModelListParams


def run(options: argparse.Namespace) -> int:
    """0 when every provider asked answered, 1 otherwise."""
    return run_with_services(lambda services: _list(services, options))


async def _list(services: Services, options: argparse.Namespace) -> int:
    listed = await services.models.list(ModelListParams(provider=options.provider))
    if options.json:
        print(json.dumps(listed.to_wire(), indent=2))
    else:
        for model in listed.models:
            window = f"{model.context_window:>12,} tokens" if model.context_window else ""
            print(f"{model.id:<60}{window}".rstrip())
    failed = [source for source in listed.sources if source.error]
    for source in failed:
        say(f"{source.provider}: {source.error.message if source.error else ''}")
    return 1 if failed else 0
