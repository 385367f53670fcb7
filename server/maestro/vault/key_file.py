"""Keys in a file only its owner may read, for machines without a keyring."""

import json
import os
import stat
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path

from maestro.database.problems import FULL, VaultUnavailable
from maestro.private_files import POSIX, private_directory, write_private
from maestro.vault.envelope import KEY_BYTES, Key

_BRING_BACK = "bring it back from a backup of your files, or sign in again after moving the database away"


class KeyFile:
    """Keys by id. The old ones stay, for backups of the database are sealed with them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, key_id: str) -> bytes:
        """The key with this id.

        Raises:
            VaultUnavailable: the file is not there, not safe, damaged, or has no such key.
        """
        if not os.path.lexists(self.path):
            raise VaultUnavailable(f"The file with the key of your credentials, {self.path}, is missing", _BRING_BACK)
        keys = self._keys()
        if key_id not in keys:
            problem = f"The file {self.path} does not have the key of these credentials"
            raise VaultUnavailable(problem, _BRING_BACK)
        return keys[key_id]

    def add(self, key: Key) -> None:
        """Keep a key; it is on the disk when this returns. One process at a time: no other's key is lost.

        Raises:
            VaultUnavailable: the file there now is not safe or damaged, or cannot be written.
        """
        keys = self._keys() if os.path.lexists(self.path) else {}
        encoded = {name: b64encode(secret).decode() for name, secret in {**keys, key.id: key.secret}.items()}
        try:
            private_directory(self.path.parent)
            write_private(self.path, json.dumps({"version": 1, "keys": encoded}).encode())
            return
        except OSError as error:
            full = error.errno in FULL
        # Outside of the handler, as everywhere where keys are at hand.
        if full:
            raise VaultUnavailable(
                f"The disk is full, so the key file {self.path} was not written", "free some space, then try again"
            )
        raise VaultUnavailable(f"The key file {self.path} cannot be written", "make its directory writable for you")

    def _keys(self) -> dict[str, bytes]:
        text = self._text()
        try:
            found = {name: b64decode(secret, validate=True) for name, secret in json.loads(text)["keys"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            found = None
        # Outside of the handler: a chained exception would carry the text of the file.
        if found is None or any(len(secret) != KEY_BYTES for secret in found.values()):
            raise VaultUnavailable(f"The key file {self.path} is damaged", _BRING_BACK)
        return found

    def _text(self) -> bytes:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except OSError:
            descriptor = None
        if descriptor is None:
            problem = f"The key file {self.path} cannot be opened or is a symbolic link"
            raise VaultUnavailable(problem, "put the file itself there, readable for you alone")
        try:
            self._check(descriptor)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(descriptor)

    def _check(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise VaultUnavailable(f"The key file {self.path} is no file", "remove what is in its place")
        if not POSIX:
            return
        if status.st_uid != os.geteuid():
            raise VaultUnavailable(f"The key file {self.path} belongs to somebody else", "make yourself its owner")
        if stat.S_IMODE(status.st_mode) & 0o077:
            with suppress(OSError):
                os.fchmod(descriptor, 0o600)
                return
            raise VaultUnavailable(f"The key file {self.path} is readable by others", "make it readable for you alone")
