"""Where a compatible service is."""

from maestro.errors import MaestroError
from maestro.providers.base import Connection
from maestro.providers.request import join


def url(connection: Connection, path: str) -> str:
    """The address of a method.

    Raises:
        MaestroError: 4104 while the row without an address of its own has not been given one.
    """
    provider = connection.info.id
    if not connection.base_url:
        message = f"Nothing is known of where this service is; set `providers.{provider}.baseUrl`."
        raise MaestroError("unsupported", message, provider=provider)
    return join(connection.base_url, path)
