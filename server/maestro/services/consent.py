"""Nothing leaves this machine for an audit before the folder is trusted and the user agreed to it once."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import unquote

from maestro.addresses import is_local, split
from maestro.editor import Editor
from maestro.errors import MaestroError
from maestro.providers.base import Connection, ProviderInfo
from maestro.runtime import Runtime

_ALLOW, _REFUSE = "Allow", "Don't allow"
_PATIENCE = 60.0


class Consent:
    """Remembers in the store to which providers the user lets a workspace folder's code go."""

    def __init__(self, runtime: Runtime, editor: Editor) -> None:
        self._runtime = runtime
        self._editor = editor
        self._given: set[str] = set()
        self._refused: set[str] = set()
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def require(self, connection: Connection, folders: Sequence[str], *, ask_again: bool = True) -> None:
        """Return if code of these folders may be sent there; ask the user if nobody has answered yet.

        With `ask_again` also one who refused before. A folder is a URI, empty for what is in none.

        Raises:
            MaestroError: 4603 without trust or consent, after a refusal, or 60 s without an answer.
        """
        provider = connection.info
        if not split(connection.base_url).hostname:
            return  # it lives in this process
        if not self._editor.trusted:
            raise _refused(provider, "The workspace is not trusted, so no code is sent; trust it to audit.")
        if is_local(connection.base_url):
            return
        setting = self._runtime.settings.audit.consent
        if setting == "never":
            raise _refused(provider, "The setting `audit.consent` is `never`, so no code is sent.")
        if setting == "always":
            return
        # Audits that start together ask once.
        async with self._asking[provider.id]:
            notes = [_note(connection, folder) for folder in dict.fromkeys(folders)]
            lacking = [note for note in notes if not await self._is_given(note)]
            if not lacking:
                return
            if not ask_again and self._refused.issuperset(lacking):
                raise _refused(provider, f"Sending code to {provider.label} was refused before.")
            try:
                await self._ask(connection, folders)
            except MaestroError:
                self._refused.update(lacking)
                raise
            await self._give(lacking)

    async def _ask(self, connection: Connection, folders: Sequence[str]) -> None:
        provider, where = connection.info, split(connection.base_url)
        names = [unquote(folder).rstrip("/").rpartition("/")[2] for folder in dict.fromkeys(folders) if folder]
        what = f"code of {', '.join(names)}" if names else "code"
        insecure = "" if where.scheme == "https" else ", unencrypted,"
        message = f"Send {what} to {provider.label} at {where.hostname}{insecure} for audits?"
        if await self._editor.ask(message, (_ALLOW, _REFUSE), _PATIENCE) != _ALLOW:
            sentence = f"Sending code to {provider.label} was not agreed to; run the audit again to be asked again."
            raise _refused(provider, sentence)

    async def _is_given(self, note: str) -> bool:
        if note in self._given:
            return True
        query = "SELECT 1 FROM notes WHERE key = ?"
        database = self._runtime.sessions.database
        with suppress(MaestroError):  # a store that cannot be read knows of no consent
            return await database.read(lambda connection: connection.execute(query, (note,)).fetchone()) is not None
        return False

    async def _give(self, notes: Sequence[str]) -> None:
        self._given.update(notes)
        rows = [(note, "", datetime.now(UTC).isoformat(timespec="seconds")) for note in notes]
        query = "INSERT OR REPLACE INTO notes(key, value, at) VALUES (?, ?, ?)"
        with suppress(MaestroError):  # it then holds until the process ends
            await self._runtime.sessions.database.run(lambda connection: connection.executemany(query, rows) and None)


def _note(connection: Connection, folder: str) -> str:
    """Code that may go to a service may not go to another one at the address of its choice."""
    return f"audit.consent:{connection.info.id}@{split(connection.base_url).hostname}:{folder}"


def _refused(provider: ProviderInfo, message: str) -> MaestroError:
    return MaestroError("consentRequired", message, provider=provider.id)
