"""A key derived from a passphrase."""

import hashlib
import json
import os
from base64 import b64decode, b64encode

from maestro.vault.envelope import KEY_BYTES

_COST = 2**16
_LARGEST_COST = 2**17
_BLOCK = 8
_SALT_BYTES = 16


def new_parameters() -> str:
    """How the next key is to be derived, with a salt of its own."""
    salt = b64encode(os.urandom(_SALT_BYTES)).decode()
    return json.dumps({"kdf": "scrypt", "n": _COST, "r": _BLOCK, "p": 1, "salt": salt})


def derive(passphrase: str, parameters: str) -> bytes | None:
    """The key, after a quarter of a second and 64 MiB; None if the parameters cannot be those of `new_parameters`."""
    try:
        given = json.loads(parameters)
        cost, block, lanes, salt = given["n"], given["r"], given["p"], b64decode(given["salt"])
        if given["kdf"] != "scrypt" or not 1 < cost <= _LARGEST_COST or block != _BLOCK or lanes != 1:
            return None
    except (ValueError, TypeError, KeyError):
        return None
    return hashlib.scrypt(
        passphrase.encode("utf-8", "surrogatepass"),
        salt=salt, n=cost, r=block, p=lanes, dklen=KEY_BYTES, maxmem=256 * cost * block,
    )  # fmt: skip
