"""`maestro models`: what can be asked, and where nothing can, how that is changed."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress

from maestro import provider
from maestro.addresses import split
from maestro.app import Services
from maestro.cli.model_table import table
from maestro.cli.terminal import harmless, run_with_services, say
from maestro.errors import MaestroError
from maestro.provider_file import FILE_NAME
from maestro.settings import Problem, load
from maestro_protocol.models import ModelDiscoverParams, ModelListParams, ModelListResult
from maestro_protocol.sessions import Provider


def run(options: argparse.Namespace) -> int:
    """0 when every provider that was asked answered, also if there was none but the one that needs no service; else 1.

    With `--discover` a provider that could not be examined is one that did not answer, and so are those of a provider
    file that cannot be read; 1 says also that what was found cannot be kept.
    """
    return run_with_services(lambda services: _list(services, options))


async def _list(services: Services, options: argparse.Namespace) -> int:
    only = options.provider and (provider.find_id(options.provider) or options.provider)
    failed = await _discover(services, only) if options.discover else False
    listed = await services.models.list(ModelListParams(provider=only))
    if options.json:
        print(json.dumps(listed.to_wire(), indent=2))
    else:
        await _show(services, listed)
    rows = await services.models.providers()
    labels = {row.id: row.label for row in rows}
    for source in listed.sources:
        if source.error:
            shown = " What is known of its models is listed." if source.status == "stale" else ""
            say(f"{labels[source.provider]} was not heard: {source.error.message}{shown}")
            failed = True
    away = {source.provider: source.status for source in listed.sources if not services.models.is_here(source.provider)}
    if options.provider is None and "ok" not in away.values():
        say("\nNo service answered. Others can be:" if away else "\nNo service can be asked yet. These can be:")
        for line in _ways([row for row in rows if row.id not in away]):
            say(line)
    return 1 if failed or _is_file_unread(services) else 0


def _is_file_unread(services: Services) -> bool:
    """Whether the provider file is broken. That was said when the settings were read."""
    problems: list[Problem] = []
    load(services.runtime.environment, None, problems.append)
    return any(problem.file is not None and problem.file.name == FILE_NAME for problem in problems)


async def _show(services: Services, listed: ModelListResult) -> None:
    default = None
    with suppress(MaestroError):
        default = (await services.models.resolve("auto")).model.id
    labels = {row.id: row.label for row in provider.list_providers()}
    for line in table(listed.models, labels, default):
        print(harmless(line, sys.stdout))


async def _discover(services: Services, provider_id: str | None) -> bool:
    """Whether a provider could not be examined, or what was found not be kept, for a reason that was told. What came of
    each is said as soon as it is known."""
    say("Asking services which of their models answer a chat; this may take a while.")
    params = ModelDiscoverParams(provider=provider_id, force_refresh=True)
    result = await services.models.discover(params, say)
    for one in result.providers:
        if one.added:
            say(f"New at {one.provider}: {', '.join(one.added)}")
    found = {one.status for one in result.providers}
    if result.persisted:
        say("What was found is kept in `openaicompat-providers.yaml`.")
    elif "failed" not in found and "ok" in found:
        say("What was found is not kept.")
        return True
    elif any(one.added for one in result.providers):
        say("What was found is not kept, since not every service answered; name one with --provider.")
    return "failed" in found


def _ways(rows: Sequence[Provider]) -> Iterable[str]:
    """How a service becomes one that can be asked: by a key in a variable, or by signing in."""
    keyed = [row for row in rows if provider.needs_key(row.id)]
    width = max(len(row.label) for row in keyed)
    variables = max(len(row.env.name) if row.env else 0 for row in keyed)
    yield f"  {'':<{width}}  {'set to a key':<{variables}}  or sign in"
    for row in keyed:
        oauth = any(one.auth_type == "oauth" for one in row.auth_types)
        variable = row.env.name if row.env else ""
        yield f"  {row.label:<{width}}  {variable:<{variables}}  maestro login {row.id}{' [--oauth]' if oauth else ''}"
    if places := list(filter(None, (_place(row) for row in rows if row.running is False))):
        yield f"No server was found on this machine; looked for {', '.join(places)}."
    yield "For a service with an address of its own set `providers.<name>.baseUrl`."


def _place(row: Provider) -> str | None:
    """Where it was looked for; of an address nothing else, since it may hold a password."""
    address = split(provider.connection(row.id).base_url)
    return f"{row.label} ({address.hostname}:{address.port or 80})" if address.hostname else None
