"""What a JSON Web Token says of itself. Its signature is not checked: it came straight from its issuer, over TLS."""

import binascii
import json
from base64 import urlsafe_b64decode

from maestro_protocol.base import JsonObject


def claims(token: str | None) -> JsonObject:
    """The token's claims; empty for what is no token."""
    parts = (token or "").split(".")
    if len(parts) != 3:
        return {}
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        read = json.loads(urlsafe_b64decode(padded))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def lifetime(token: str | None) -> float | None:
    """Seconds from issue to expiry, which no clock of ours can falsify; None where the token does not say."""
    read = claims(token)
    issued, expires = read.get("iat"), read.get("exp")
    if isinstance(issued, int | float) and isinstance(expires, int | float) and expires > issued:
        return float(expires - issued)
    return None
