"""Page markers: where a page of chunks ended, as a text that means nothing to a client."""

import base64
import binascii
import json
from typing import TypeAlias

from maestro.errors import MaestroError

Place: TypeAlias = tuple[str, float | str, int]
"""Whose chunk it was; its position, or when it was deleted; its number."""


def dump(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def load(cursor: str) -> Place:
    """Raises 4303 for what is no page marker of ours."""
    try:
        owner, key, number = json.loads(base64.b64decode(cursor.encode(), b"-_", validate=True))
        if isinstance(owner, str) and type(key) in (float, str) and type(number) is int and abs(number) < 2**63:
            return owner, key, number
    except (ValueError, TypeError, RecursionError, binascii.Error):
        pass
    raise MaestroError("cursorExpired", "The page marker is not one of this list; list again without it.")
