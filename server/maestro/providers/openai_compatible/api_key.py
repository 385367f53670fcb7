"""How compatible services take a key; those on this machine usually want none."""

import re

from maestro.providers import request
from maestro.providers.base import Connection
from maestro.providers.openai_compatible.config import flags

_TOKEN = re.compile(r"ey[\w-]+\.[\w-]+\.[\w-]+")
"""A signed token of somebody's login, such as Entra's, where others have a key: only ever a Bearer."""


def auth_headers(connection: Connection) -> dict[str, str]:
    """The key, if there is one, in the header the service reads it from."""
    key, header = request.api_key(connection), str(flags(connection)["keyHeader"])
    if key and (header == "authorization" or _TOKEN.fullmatch(key)):
        return request.headers(connection, {"authorization": f"Bearer {key}"})
    return request.headers(connection, {header: key})
