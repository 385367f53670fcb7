"""How Acme knows who asks: by a key, and by a signature of what is asked."""

import hashlib
import hmac
from dataclasses import replace

from maestro.providers import request
from maestro.providers.base import Connection
from maestro.transport import HttpRequest, encoded_json


def auth_headers(connection: Connection) -> dict[str, str]:
    """The key in Acme's own header."""
    return request.headers(connection, {"x-acme-key": request.api_key(connection)})


def signed(connection: Connection, sent: HttpRequest) -> HttpRequest:
    """The same request with the headers that carry the key and the signature of its body."""
    body = encoded_json(sent.json) if sent.json is not None else b""
    signature = hmac.new((request.api_key(connection) or "").encode(), body, hashlib.sha256).hexdigest()
    return replace(sent, headers=auth_headers(connection) | {"x-acme-signature": signature})
