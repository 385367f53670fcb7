"""Where a data key comes from: the system's keyring, a passphrase, or a file."""

import os
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from maestro.database.problems import VaultUnavailable
from maestro.vault import passphrase
from maestro.vault.background import soon
from maestro.vault.envelope import KEY_BYTES, Key, new_key_id
from maestro.vault.key_file import KeyFile
from maestro.vault.system_keyring import Keyring, NoKeyring

KeySource: TypeAlias = Literal["keyring", "passphrase", "file"]

VARIABLE = "MAESTRO_VAULT_PASSPHRASE"


class KeyRow(NamedTuple):
    """What the database knows of a key: how to get it, and how to tell that it is the right one."""

    id: str
    source: KeySource
    parameters: str
    check_value: bytes


class NewKey(NamedTuple):
    """A key that no row is sealed with yet. `keep` is called in the transaction that makes it known."""

    row: KeyRow
    key: Key
    keep: Callable[[], None]


class KeySources:
    """Gets keys that exist and makes new ones. `passphrases` has the newest first."""

    def __init__(self, keyring: Keyring, file: KeyFile, given: str | None) -> None:
        self.keyring = keyring
        self.file = file
        self.passphrases: list[str] = [given] if given else []

    async def choose(self) -> KeySource:
        """Where the first key is to be kept. A keyring that does not answer is no reason to take a lesser place.

        Raises:
            VaultUnavailable: there is a keyring, but it does not work now.
        """
        if self.passphrases:
            return "passphrase"
        try:
            await self.keyring.name()
        except NoKeyring:
            return "file"
        except VaultUnavailable as error:
            problem = _or_passphrase(error)
        else:
            return "keyring"
        raise problem

    async def fetch(self, row: KeyRow) -> Key:
        """The key a row describes.

        Raises:
            VaultUnavailable: its source is out of reach, or has another key.
        """
        if row.source == "passphrase":
            return await self._derive(row)
        secret = await (self._from_keyring(row.id) if row.source == "keyring" else soon(lambda: self.file.read(row.id)))
        key = Key(row.id, secret)
        if not key.fits(row.check_value):
            raise VaultUnavailable(
                f"The key in the {_PLACES[row.source]} is not the one these credentials were stored with",
                "bring back the former one, or sign in again after moving the database away",
            )
        return key

    async def make(self, source: KeySource, new_passphrase: str | None = None) -> NewKey:
        """A new key, which is in its source after `keep`. Raises as `fetch`."""
        parameters = "{}"
        key = Key(new_key_id(), os.urandom(KEY_BYTES))
        if source == "passphrase":
            parameters = passphrase.new_parameters()
            key = Key(key.id, await self._derived(new_passphrase or self._passphrase(), parameters))
        elif source == "keyring":
            await self._into_keyring(key)
        row = KeyRow(key.id, source, parameters, key.check_value)
        # The file is written while no other process can be writing it.
        return NewKey(row, key, keep=(lambda: self.file.add(key)) if source == "file" else _nothing)

    async def discard(self, new: NewKey) -> None:
        """Take back a key that nothing was sealed with. What stays behind harms nobody."""
        if new.row.source == "keyring":
            try:
                await self.keyring.delete(new.key.id)
            except VaultUnavailable:
                pass

    async def _from_keyring(self, key_id: str) -> bytes:
        secret = _decoded(await self.keyring.get(key_id))
        if secret is None:
            raise VaultUnavailable(
                f"The system keyring does not have the key of these credentials (service maestro, user {key_id})",
                "open the keyring that has it, or sign in again after moving the database away",
            )
        return secret

    async def _into_keyring(self, key: Key) -> None:
        try:
            await self.keyring.set(key.id, b64encode(key.secret).decode())
            if _decoded(await self.keyring.get(key.id)) == key.secret:
                return
            problem = VaultUnavailable("The system keyring did not keep what it was given", "restart it")
        except VaultUnavailable as error:
            problem = error
        raise _or_passphrase(problem)

    async def _derive(self, row: KeyRow) -> Key:
        for given in [self._passphrase(), *self.passphrases[1:]]:
            key = Key(row.id, await self._derived(given, row.parameters))
            if key.fits(row.check_value):
                return key
        problem = f"{VARIABLE} does not fit the credentials that are stored"
        raise VaultUnavailable(problem, "set it to the passphrase they were stored with and start Maestro again")

    async def _derived(self, given: str, parameters: str) -> bytes:
        secret = await soon(lambda: passphrase.derive(given, parameters))
        if secret is None:
            problem = "The database does not say properly how the passphrase becomes a key"
            raise VaultUnavailable(problem, "restore a backup of the database")
        return secret

    def _passphrase(self) -> str:
        if not self.passphrases:
            problem = "Your credentials are stored under a passphrase, which is not set"
            raise VaultUnavailable(problem, f"set {VARIABLE} to it and start Maestro again")
        return self.passphrases[0]


_PLACES = {"keyring": "system keyring", "file": "key file", "passphrase": "passphrase"}


def _nothing() -> None:
    """Where a key is kept already."""


def _or_passphrase(error: VaultUnavailable) -> VaultUnavailable:
    return VaultUnavailable(error.problem, f"{error.fix}, or set {VARIABLE} to use a passphrase instead")


def _decoded(password: str | None) -> bytes | None:
    try:
        secret = b64decode(password or "", validate=True)
    except ValueError:
        return None
    return secret if len(secret) == KEY_BYTES else None
