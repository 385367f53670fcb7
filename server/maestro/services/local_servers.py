"""Which model servers run on this machine: a connection to their port, for at most 200 ms."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from maestro.addresses import split
from maestro.providers.base import Connection
from maestro_protocol.settings import Settings

_PATIENCE = 0.2  # seconds


async def running(connections: Sequence[Connection], settings: Settings) -> Sequence[str]:
    """The provider ids worth asking among those that need no key.

    One with a configured base URL is taken at its word; one that lives in this process always answers; other local
    ones are looked for on their default ports, unless `models.probeLocalServers` is off.
    """
    probed = await asyncio.gather(*(_worth_asking(connection, settings) for connection in connections))
    return [connection.info.id for connection, answer in zip(connections, probed, strict=True) if answer]


async def _worth_asking(connection: Connection, settings: Settings) -> bool:
    info, address = connection.info, split(connection.base_url)
    if settings.provider(info.id).base_url:
        return True
    if not info.flags.get("local"):
        return False
    if not address.hostname:
        return True
    if not settings.models.probe_local_servers:
        return False
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(address.hostname, address.port or 80)
        writer.close()
        return True
    return False
