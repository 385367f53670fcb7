"""Values as text in the database, and back: nothing of a text, a number or an unknown field is lost."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro_protocol.base import WireModel

T = TypeVar("T")
M = TypeVar("M", bound=WireModel)


def dump(value: WireModel) -> str:
    return dump_json(value.to_wire())


def dump_json(value: JsonValue, indent: int | None = None) -> str:
    """JSON; with escapes for everything beyond ASCII where half a surrogate pair could not be written otherwise."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, separators=separators, indent=indent)
    if _can_be_encoded(text):
        return text
    return json.dumps(value, separators=separators, indent=indent)


def load(kind: "type[M]", text: str) -> M:
    """The value `dump` made the text of. Raises as `load_by`."""
    return load_by(kind.from_wire, text)


def load_by(read: Callable[[JsonValue], T], text: str) -> T:
    """What `read` makes of the JSON in the text.

    Raises:
        MaestroError: 4901 if it is no JSON, or something else.
    """
    try:
        return read(json.loads(text))
    except (ValueError, RecursionError):
        message = "A part of this chat cannot be read; restore a backup of the store, or delete the chat."
        raise MaestroError("storageFailed", message, retryable=False) from None


def storable(text: str) -> str:
    """The text, halves of surrogate pairs replaced, for columns that hold it as it is."""
    return text if _can_be_encoded(text) else text.encode("utf-8", "replace").decode()


def folded(text: str) -> str:
    """As it is searched: without the difference of capital letters."""
    return storable(text).casefold()


def written(moment: datetime) -> str:
    """A time whose order as text is its order in time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def now() -> str:
    return written(datetime.now(UTC))


def _can_be_encoded(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
