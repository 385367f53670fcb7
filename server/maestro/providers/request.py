"""What every provider's request builder does alike: addresses, headers, and reading a conversation."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from maestro.addresses import is_https_or_local
from maestro.errors import MaestroError
from maestro.providers.base import Connection
from maestro.store.credentials import ApiKeyCredential
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatMessage, ContentPart, ImagePart, ReplayPart, TextPart


def join(base_url: str, path: str) -> str:
    """One slash between the two, however the base is written."""
    return f"{base_url.rstrip('/')}/{path.lstrip('/')}"


def require_https(url: str, setting: str) -> str:
    """The address, which secrets are sent to; plain HTTP only where it stays on this machine.

    Raises:
        MaestroError: 4004 naming the setting, never the address, which may hold a password.
    """
    if is_https_or_local(url):
        return url
    message = f"`{setting}` must be an address that begins with `https://`, since secrets are sent there; correct it."
    raise MaestroError("loginFailed", message)


def present(values: Mapping[str, JsonValue]) -> JsonObject:
    """Without what is None: an absent parameter is left out, never sent as null."""
    return {name: value for name, value in values.items() if value is not None}


def api_key(connection: Connection) -> str | None:
    """The key, or None for a service that needs none."""
    return connection.credential.api_key if isinstance(connection.credential, ApiKeyCredential) else None


def headers(connection: Connection, own: Mapping[str, str | None]) -> dict[str, str]:
    """A provider's own headers, those without a value left out; the user's extra ones win. Names in lower case."""
    merged = {name: value for name, value in own.items() if value}
    return merged | {name.lower(): value for name, value in connection.settings.headers.items()}


def parts(message: ChatMessage) -> Sequence[ContentPart]:
    """The content as parts; a plain string is one text part."""
    return [TextPart(text=message.content)] if isinstance(message.content, str) else message.content


def text(message: ChatMessage) -> str:
    """The text parts, joined."""
    return "".join(part.text for part in parts(message) if isinstance(part, TextPart))


def images(message: ChatMessage) -> list[ImagePart]:
    return [part for part in parts(message) if isinstance(part, ImagePart)]


def replayed(message: ChatMessage, wire: str) -> list[JsonObject]:
    """The provider's own items of this answer, if it was given on this wire; those of another are of no use here."""
    found = (part.items for part in parts(message) if isinstance(part, ReplayPart) and part.wire == wire)
    return [item for items in found for item in items]


def system_text(messages: Iterable[ChatMessage]) -> str | None:
    """All system messages as one text, for services that take them apart from the conversation."""
    return "\n\n".join(filter(None, (text(m) for m in messages if m.role == "system"))) or None


def conversation(messages: Iterable[ChatMessage]) -> list[ChatMessage]:
    """The messages that are not system ones."""
    return [message for message in messages if message.role != "system"]


def data_url(image: ImagePart) -> str:
    return f"data:{image.mime_type};base64,{image.data}"


def is_strict(schema: JsonValue) -> bool:
    """Whether a schema fits strict mode: every object is closed and all its properties are required."""
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        names = set(properties) if isinstance(properties, dict) else set()
        required = schema.get("required")
        if schema.get("additionalProperties") is not False or names - set(
            required if isinstance(required, list) else ()
        ):
            return False
    return all(map(is_strict, schema.values()))
