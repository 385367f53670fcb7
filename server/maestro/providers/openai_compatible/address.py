"""Where the methods of a compatible service are."""

from urllib.parse import quote

from maestro.errors import MaestroError
from maestro.providers.base import Connection
from maestro.providers.openai_compatible.config import flags
from maestro.providers.request import join


def chat_url(connection: Connection, model: str) -> str:
    """The address that answers chats of this model.

    Raises:
        MaestroError: 4104 while a row without an address of its own has not been given one.
    """
    return _url(connection, str(flags(connection)["chatPath"]), model)


def models_url(connection: Connection) -> str | None:
    """The address of the list of models, or None of a service that has none. Raises as `chat_url` does."""
    path = str(flags(connection)["modelsPath"])
    return _url(connection, path) if path else None


def _url(connection: Connection, path: str, model: str = "") -> str:
    info = connection.info
    if not connection.base_url:
        where = f"`providers.{info.id}.baseUrl`" + (f" or {info.base_url_variable}" if info.base_url_variable else "")
        message = f"Nothing is known of where this service is; set {where}."
        raise MaestroError("unsupported", message, provider=info.id)
    filled = path.replace("{model}", quote(model, safe="")).replace("{version}", quote(_version(connection), safe=""))
    return join(_root(connection.base_url) if filled.startswith("/") else connection.base_url, filled)


def _root(base_url: str) -> str:
    scheme, _, rest = base_url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _version(connection: Connection) -> str:
    own = flags(connection)
    variable = connection.environment.get(str(own["versionVariable"]), "").strip()
    return connection.settings.version or variable or str(own["version"])
