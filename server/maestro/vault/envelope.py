"""One credential as it lies in a row: sealed with AES-256-GCM, under a key it names, for that row alone."""

import hmac
import json
import os
from dataclasses import dataclass, field
from typing import NamedTuple

SCHEMA = 1
"""What is sealed, and how; a part of what is authenticated."""

KEY_BYTES = 32
_FORMAT = b"\x01"
_ID_BYTES = 8
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + _ID_BYTES + _NONCE_BYTES


class Label(NamedTuple):
    """Where a credential belongs; it opens nowhere else."""

    provider: str
    auth_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Key:
    """A data key. The id stands in every envelope it sealed."""

    id: str
    secret: bytes = field(repr=False)

    @property
    def check_value(self) -> bytes:
        """Tells the right key from a wrong one without a credential at hand."""
        return hmac.digest(self.secret, b"maestro vault key " + self.id.encode(), "sha256")

    def fits(self, check_value: object) -> bool:
        return isinstance(check_value, bytes) and hmac.compare_digest(self.check_value, check_value)


def new_key_id() -> str:
    return os.urandom(_ID_BYTES).hex()


def seal(key: Key, label: Label, plain: bytes) -> bytes:
    """Format, key id, nonce, then ciphertext and tag."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    return _FORMAT + bytes.fromhex(key.id) + nonce + AESGCM(key.secret).encrypt(nonce, plain, _bound(label))


def unseal(key: Key, label: Label, sealed: object) -> bytes | None:
    """What was sealed; None if this, whatever it is, is not what was sealed with this key for this label."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not isinstance(sealed, bytes):
        return None
    nonce = sealed[1 + _ID_BYTES : _HEAD_BYTES]
    try:
        return AESGCM(key.secret).decrypt(nonce, sealed[_HEAD_BYTES:], _bound(label))
    except (InvalidTag, ValueError):
        return None


def key_id(sealed: object) -> str | None:
    """The id of the key an envelope was sealed with; None if it is no envelope."""
    if not isinstance(sealed, bytes) or len(sealed) < _HEAD_BYTES or not sealed.startswith(_FORMAT):
        return None
    return sealed[1 : 1 + _ID_BYTES].hex()


def is_clear(stored: object) -> bool:
    """Whether this is a credential from before there was a vault: JSON, never sealed."""
    return isinstance(stored, bytes) and stored.lstrip().startswith(b"{")


def _bound(label: Label) -> bytes:
    bound = {"provider": label.provider, "authType": label.auth_type, "name": label.name, "schema": SCHEMA}
    return json.dumps(bound, sort_keys=True, separators=(",", ":")).encode("ascii")
