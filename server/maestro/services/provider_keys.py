"""Keys in the provider file: moved into the vault as sessions on request, and until then mentioned once."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

from maestro import provider, provider_file
from maestro.directories import directories
from maestro.errors import MaestroError
from maestro.runtime import Runtime
from maestro.store.credentials import ApiKeyCredential
from maestro_protocol.sessions import Session

NAME = "imported"
_NO_ADDRESS = "its `base_api_url` is missing, and no provider of this name is built in; add its address."
_NOTE = "mentioned:keys-in-provider-file"


class Notice(NamedTuple):
    """A sentence about something that was to be taken in."""

    text: str
    is_done: bool = True


class _Kept(NamedTuple):
    """A key that is in the vault by now; `is_new` if this move brought it there. `id` is as the file spells it."""

    id: str
    session: Session
    is_new: bool


class ProviderKeys:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._path = directories(runtime.environment).data / provider_file.FILE_NAME

    async def move(self) -> Sequence[Notice]:
        """Keep every key as a session, then take it out of the file; a sentence for each.

        A key is in the file until it is in the vault. Where the file cannot be changed, the vault is as before.

        Raises:
            ProviderFileError: the file cannot be read.
        """
        keys = await asyncio.to_thread(_keys, self._path)
        kept, told = list[_Kept](), list[Notice]()
        for id_, key in keys.items():
            try:
                kept.append(await self._keep(id_, key))
            except MaestroError as error:
                why = _NO_ADDRESS if error.kind == "providerNotFound" else error.message
                told.append(Notice(f"The key of {id_} stays in {self._path}: {why}", is_done=False))
        if kept:
            told += await self._take_out(kept, keys)
        return told

    async def mention(self) -> str | None:
        """That keys lie there in clear text, and how they are moved; once for the same providers."""
        try:
            ids = ", ".join(await asyncio.to_thread(_keys, self._path))
        except MaestroError:  # told with the other settings
            return None
        if not ids or not await self._runtime.sessions.database.run(lambda connection: _note(connection, ids)):
            return None
        return f"Keys of {ids} lie in {self._path} in clear text; `maestro sessions import` moves them into the vault."

    async def _keep(self, id_: str, key: str) -> _Kept:
        """The key as a session: the one that has it, or a new one."""
        name = id_.lower()
        await self._runtime.sessions.sync()
        stored = [one for one in self._runtime.sessions.list(name) if one.source == "vault"]
        for session in stored:
            if session.auth_type == "api_key" and await self._holds(session, key):
                return _Kept(id_, session, is_new=False)
        free = _free(name, {session.name for session in stored})
        session_id = await provider.create_session(name, "api_key", name=free, api_key=key)
        return _Kept(id_, self._runtime.sessions.find(session_id).session, is_new=True)

    async def _holds(self, session: Session, key: str) -> bool:
        if session.key_hint != ApiKeyCredential(key).hint:
            return False
        credential, _ = await self._runtime.sessions.credential(session.id)
        return isinstance(credential, ApiKeyCredential) and credential.api_key == key

    async def _take_out(self, kept: Sequence[_Kept], keys: Mapping[str, str]) -> Sequence[Notice]:
        moved = {one.id: keys[one.id] for one in kept}
        try:
            await asyncio.to_thread(_remove, self._path, moved)
        except (MaestroError, OSError) as error:
            cannot = f"{self._path} cannot be written ({type(error).__name__})."
            return await self._restore(kept, error.message if isinstance(error, MaestroError) else cannot)
        return [self._moved(one) for one in kept]

    async def _restore(self, kept: Sequence[_Kept], why: str) -> Sequence[Notice]:
        """Forget what was kept of keys that the file still has; it may have been changed before it failed."""
        try:
            there = await asyncio.to_thread(_keys, self._path)
        except MaestroError:
            there = {}
        for one in kept:
            if one.is_new and one.id in there:
                await self._runtime.sessions.delete(one.session.id)
        return [self._moved(one) if one.id not in there else _stays(one, why) for one in kept]

    def _moved(self, one: _Kept) -> Notice:
        return Notice(f"The key of {one.id} in {self._path} is now session '{one.session.name}'.")


def _stays(one: _Kept, why: str) -> Notice:
    return Notice(f"The key of {one.id} stays: {why}", is_done=False)


def _keys(path: Path) -> dict[str, str]:
    """The keys in the file, by the ids of their providers as they are spelled there. Raises ProviderFileError."""
    entries = provider_file.read(path)
    return {name: key for name, entry in entries.items() if (key := entry.api_key.strip())}


def _remove(path: Path, moved: Mapping[str, str]) -> None:
    """Take keys out that are still those that were moved. Raises ProviderFileError, OSError."""
    there = _keys(path)
    provider_file.without_keys(path, [name for name, key in moved.items() if there.get(name) == key])


def _free(provider_id: str, taken: set[str]) -> str:
    """`imported`, else the provider's own name, else `imported-2` and so on."""
    names = chain((NAME, provider_id), (f"{NAME}-{number}" for number in count(2)))
    return next(name for name in names if name not in taken)


def _note(connection: sqlite3.Connection, ids: str) -> bool:
    """Remember that these were mentioned; whether they were not."""
    known = connection.execute("SELECT value FROM notes WHERE key = ?", (_NOTE,)).fetchone()
    row = (_NOTE, ids, datetime.now(UTC).isoformat())
    connection.execute("INSERT OR REPLACE INTO notes(key, value, at) VALUES (?, ?, ?)", row)
    return known is None or known[0] != ids
