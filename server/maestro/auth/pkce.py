"""What proves that the one who redeems a code is the one who asked for it (RFC 7636), and that an answer is ours."""

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

_VERIFIER_BYTES, _STATE_BYTES = 64, 32


@dataclass(frozen=True, slots=True)
class Pkce:
    """The challenge goes into the authorize URL, the verifier only to the token endpoint. S256."""

    verifier: str = field(repr=False)
    challenge: str = field(repr=False)


def new_pkce() -> Pkce:
    verifier = secrets.token_urlsafe(_VERIFIER_BYTES)
    digest = sha256(verifier.encode()).digest()
    return Pkce(verifier, urlsafe_b64encode(digest).rstrip(b"=").decode())


def new_state() -> str:
    """A random value of its own: a verifier used as state would stand in the browser's history."""
    return secrets.token_urlsafe(_STATE_BYTES)
