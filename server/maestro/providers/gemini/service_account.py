"""A service account's own signature in place of a person's login."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.providers.owned_files import text
from maestro_protocol.base import JsonObject

TOKEN_URL = "https://oauth2.googleapis.com/token"
"""Google's, and the audience of every assertion, wherever it is sent."""
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = 3600
"""Seconds."""


def assertion_form(found: JsonObject, scopes: Sequence[str]) -> dict[str, str]:
    """What a service account asks for a token with (providers.md C.5.4). Slow: to be called off the event loop.

    Raises:
        MaestroError: 4004 for a private key that is none.
    """
    now = int(time.time())
    claims: dict[str, JsonValue] = {
        "iss": found["client_email"],
        "scope": " ".join(scopes),
        "aud": TOKEN_URL,
        "iat": now,
        "exp": now + _LIFETIME,
    }
    try:
        assertion = _signed(claims, str(found["private_key"]), text(found.get("private_key_id")))
    except Exception:  # cryptography has several of its own, and none may show the key
        assertion = ""
    if not assertion:
        raise MaestroError(
            "loginFailed", "The private key in the credentials file cannot be used; download a new file."
        )
    return {"grant_type": _GRANT, "assertion": assertion}


def _signed(claims: Mapping[str, JsonValue], private_key: str, key_id: str | None) -> str:
    """A JSON Web Token signed with RS256. The import takes time nobody else should wait for."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    header = {"alg": "RS256", "typ": "JWT"} | ({"kid": key_id} if key_id else {})
    signed = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
    return f"{signed}.{_encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
