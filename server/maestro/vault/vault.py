"""The vault: seals credentials for the rows they lie in, and opens them again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from maestro.database.database import Database
from maestro.database.problems import VaultUnavailable as VaultUnavailable
from maestro.errors import MaestroError
from maestro.vault import legacy
from maestro.vault.envelope import Key, is_clear, key_id, seal, unseal
from maestro.vault.envelope import Label as Label
from maestro.vault.key_file import KeyFile
from maestro.vault.key_sources import VARIABLE, KeyRow, KeySource, KeySources
from maestro.vault.keys import Keys
from maestro.vault.rotation import Rotation as Rotation
from maestro.vault.rotation import depends_on, rotate
from maestro.vault.system_keyring import Keyring as Keyring

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class VaultStatus:
    """Where the key is and whether it can be had. `problem` and `fix` may also stand beside a key that can be had."""

    usable: bool
    source: KeySource | None
    """None if it cannot even be told where the first key would go."""
    name: str
    """The class of the keyring, or the path of the file."""
    created: bool
    """Whether there is a key yet; without one, this is where the first would go."""
    round_trip_ms: float
    problem: str | None = None
    fix: str | None = None


class Vault:
    """Credentials in and out, by the data key that `keys` gets from wherever it is kept."""

    def __init__(
        self, database: Database, key_file: Path, environment: Mapping[str, str], keyring: Keyring | None = None
    ) -> None:
        self._database = database
        sources = KeySources(keyring or Keyring(environment), KeyFile(key_file), environment.get(VARIABLE))
        self._sources = sources
        self._keys = Keys(database, sources)

    async def seal(self, label: Label, plain: bytes) -> bytes:
        """What to store for a credential; it opens with the same label only.

        Raises:
            MaestroError: 4009 while the key is out of reach, 4901 if the database failed.
        """
        return seal(await self._keys.active(), label, plain)

    async def open(self, label: Label, sealed: bytes, *, session: str = "") -> bytes:
        """The credential that was stored; one the legacy system stored in clear opens until it is sealed.

        Raises:
            MaestroError: 4009 while the key is out of reach, 4901 if what is stored was changed.
        """
        if is_clear(sealed) and await self._database.read(legacy.trusts_clear):
            return sealed
        name = key_id(sealed)
        key = await self._keys.find(name) if name else None
        plain = unseal(key, label, sealed) if key else None
        if plain is None:
            raise _changed(label, session)
        return plain

    async def rotate(self, source: KeySource | None = None, new_passphrase: str | None = None) -> Rotation:
        """Seal every credential with a new key, kept where the old one is or in `source`.

        Other processes find the new key by its id. Former keys stay where they are: backups are sealed with them.

        Raises:
            MaestroError: as `seal`; nothing has changed then.
        """
        if source is None:
            source = "passphrase" if new_passphrase else await self._present_source()
        keys = await self._keys.reachable()
        await self._refuse_to_leave_behind(keys)
        new = await self._sources.make(source, new_passphrase)
        try:
            rotation = await self._database.run(lambda connection: rotate(connection, new, keys))
        except MaestroError:
            await self._sources.discard(new)
            raise
        self._keys.remember(new.key)
        if new_passphrase:
            self._sources.passphrases.insert(0, new_passphrase)
        return rotation

    async def seal_legacy(self, *, trusted: bool = False) -> int:
        """Leave no credential in clear text, neither in the database nor in its backups; how many were.

        Clear text in a database that has a key is not from the legacy system and stays as it is, unless it is
        `trusted` because the user just brought it in.

        Raises:
            MaestroError: as `seal`.
        """
        path = self._database.path
        backups = await self._database.read(lambda _: list(legacy.clear_backups(path)))
        accepted = await self._database.read(legacy.is_due)
        if accepted:
            accepted = await self._database.run(partial(legacy.accept, trusted=trusted))
        sealed = 0
        if backups or accepted:
            key = await self._keys.active()
            if accepted:
                sealed = await self._database.run(partial(legacy.seal_database, key=key))
            sealed += await self._database.run(lambda _: legacy.seal_backups(path, backups, key))
        if await self._database.read(legacy.is_unclean):
            await self._database.read(legacy.rewrite)
        return sealed

    async def status(self) -> VaultStatus:
        """Fetch the key from where it is, or see where it would go. Raises 4901 if the database failed."""
        row = await self._keys.active_row()
        source, name = row.source if row else None, ""
        trouble = _Trouble()
        begin = perf_counter()
        try:
            source = source or await self._sources.choose()
            name = await self._name(source)
            await self._probe(row, source)
            usable = True
            if source == "file":
                trouble = _Trouble(self._file_problem, _FILE_FIX)
        except VaultUnavailable as error:
            usable, trouble = False, _Trouble(error.problem, error.fix)
        elapsed = (perf_counter() - begin) * 1000
        return VaultStatus(usable, source, name, row is not None, elapsed, *trouble)

    async def notice(self) -> str | None:
        """One sentence if the key is not in a keyring, once for this database."""
        row = await self._keys.active_row()
        if row is None or row.source == "keyring":
            return None
        if not await self._database.run(partial(_note, key=f"vault.notice.{row.source}")):
            return None
        if row.source == "passphrase":
            return f"Your credentials are stored under the passphrase in {VARIABLE}; without it nobody can open them."
        return f"{self._file_problem}: {_FILE_FIX}."

    async def _refuse_to_leave_behind(self, keys: Mapping[str, Key]) -> None:
        """A key that is out of reach for now is no reason to begin another one beside it."""
        row = await self._keys.active_row()
        if row is None or row.id in keys:
            return
        if await self._database.read(lambda connection: depends_on(connection, row.id)):
            await self._keys.active()  # says why

    async def _present_source(self) -> KeySource:
        row = await self._keys.active_row()
        return row.source if row else await self._sources.choose()

    async def _probe(self, row: KeyRow | None, source: KeySource) -> None:
        """Past what this process remembers, to where the key is."""
        if row is not None:
            await self._sources.fetch(row)
        elif source == "keyring":
            await self._sources.keyring.get("probe")

    @property
    def _file_problem(self) -> str:
        return f"The key of your credentials lies in the file {self._sources.file.path}, which only you may read"

    async def _name(self, source: KeySource) -> str:
        if source == "keyring":
            return await self._sources.keyring.name()
        return str(self._sources.file.path) if source == "file" else "scrypt"


class _Trouble(NamedTuple):
    problem: str | None = None
    fix: str | None = None


_FILE_FIX = f"for better protection rotate the key into a system keyring, or under a passphrase in {VARIABLE}"


def _note(connection: "sqlite3.Connection", key: str) -> bool:
    """Write a note, and whether it was not there before."""
    at = datetime.now(UTC).isoformat()
    cursor = connection.execute("INSERT OR IGNORE INTO notes(key, value, at) VALUES (?, '', ?)", (key, at))
    return cursor.rowcount == 1


def _changed(label: Label, session: str) -> MaestroError:
    whose = f" of session {session}" if session else ""
    message = (
        f"The stored credential{whose} does not open: it was changed outside Maestro, or its key is no longer known; "
        "sign in again or restore a backup."
    )
    return MaestroError("storageFailed", message, provider=label.provider, retryable=False)
