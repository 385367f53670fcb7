"""Logins of the system Maestro replaces: copied in once, and again on request; its files stay as they are."""

import hashlib
import json
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import AfterValidator, BaseModel

from maestro import provider
from maestro.errors import MaestroError
from maestro.providers import owned_files
from maestro.providers.oauth import Granted
from maestro.runtime import Runtime
from maestro.services.provider_keys import Notice, ProviderKeys
from maestro.store.credentials import OAuthCredential, expiry

NAME = "imported"
_SUFFIX = "_oauth_creds.json"
_LARGEST = 256 * 1024
_FIRST, _LONGEST = datetime(1970, 1, 2, tzinfo=UTC), timedelta(days=3650)
"""Ends outside of these are brought inside, where every time zone can tell them."""
_log = logging.getLogger(__name__)


def _sendable(value: str) -> str:
    """Raises ValueError, without the value, for what no header may hold."""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("has characters that cannot be sent")
    return value


_Text: TypeAlias = Annotated[str, AfterValidator(_sendable)]


class _Legacy(BaseModel):
    """`{provider}_oauth_creds.json`; systems differ in how they spell the end of a token."""

    access_token: _Text
    refresh_token: _Text | None = None
    id_token: _Text | None = None
    client_id: _Text | None = None
    account_id: _Text | None = None
    expires_at: datetime | None = None
    expiry_date: float | None = None
    """Milliseconds."""
    expiry: datetime | None = None
    expires_in: float | None = None


class _File(NamedTuple):
    path: Path
    provider: str
    digest: str
    text: str

    @property
    def note(self) -> str:
        """What the store remembers the import by."""
        return f"imported:{self.path.name}"


class ImportService:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.keys = ProviderKeys(runtime)

    async def run(self, *, again: bool = False) -> Sequence[Notice]:
        """Copy in what has not been, with `again` also what was deleted here since; a sentence for each."""
        notices = []
        for file in await self._runtime.sessions.database.read(lambda _: list(_files(self._home()))):
            if again or await self._is_new(file):
                notices.append(await self._import_safely(file))
        return [notice for notice in notices if notice]

    async def run_once(self) -> Sequence[str]:
        """What is due at every start: nothing stays in clear text, and what a person should know is said once."""
        try:
            await self._runtime.sessions.vault.seal_legacy()
            notices = [notice.text for notice in await self.run()]
            mentioned = await self.keys.mention(), await self._runtime.sessions.vault.notice()
            return [*notices, *filter(None, mentioned)]
        except MaestroError as error:
            _log.warning("nothing was imported: %s", error.message)
        except Exception as fault:  # nothing here is worth the start
            _log.error("nothing was imported by a fault: %s", type(fault).__name__)
        return []

    def _home(self) -> Path:
        home = self._runtime.environment.get("HOME") or self._runtime.environment.get("USERPROFILE")
        return (Path(home) if home else Path.home()) / ".maestro"

    async def _is_new(self, file: _File) -> bool:
        def known(connection: sqlite3.Connection) -> object:
            return connection.execute("SELECT 1 FROM notes WHERE key = ?", (file.note,)).fetchone()

        return await self._runtime.sessions.database.read(known) is None

    async def _import_safely(self, file: _File) -> Notice | None:
        """A fault costs this file alone."""
        try:
            return await self._import(file)
        except MaestroError:
            raise
        except Exception as fault:
            _log.error("%s was not imported by a fault: %s", file.path, type(fault).__name__)
            return _unreadable(file)

    async def _import(self, file: _File) -> Notice | None:
        credential = _credential(file.text)
        if credential is None:
            return _unreadable(file)
        try:
            session = await provider.keep_login(file.provider, NAME, Granted(credential))
        except MaestroError as error:
            if error.kind != "sessionNameTaken":
                return Notice(f"The login in {file.path} was not imported: {error.message}", is_done=False)
            await self._remember(file)
            return None
        await self._remember(file)
        return Notice(
            f"The login in {file.path} is now session '{session.name}' of {session.provider}. The file stays; stop the "
            "old system, because two programs that renew one login end it for both."
        )

    async def _remember(self, file: _File) -> None:
        row = (file.note, file.digest, datetime.now(UTC).isoformat())
        query = "INSERT OR REPLACE INTO notes VALUES (?, ?, ?)"
        await self._runtime.sessions.database.run(lambda connection: connection.execute(query, row))


def _files(folder: Path) -> Iterable[_File]:
    known = {row.id for row in provider.list_providers()}
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        name = path.name.removesuffix(_SUFFIX)
        if name not in known:
            continue
        text = owned_files.read_text(path, limit=_LARGEST)
        if text is None:
            _log.warning("%s is no text file that can be read", path)
            continue
        yield _File(path, name, hashlib.sha256(text.encode()).hexdigest(), text)


def _unreadable(file: _File) -> Notice:
    return Notice(f"{file.path} holds no login that can be read; sign in to {file.provider} again.", is_done=False)


def _credential(text: str) -> OAuthCredential | None:
    """The login; None for what is none. pydantic's own error would hold the tokens, so it goes no further."""
    try:
        legacy = _Legacy.model_validate(json.loads(text))
        end = _end(legacy)
    except (ValueError, OverflowError, OSError, RecursionError):
        return None
    if not legacy.access_token:
        return None
    return OAuthCredential(
        access_token=legacy.access_token,
        refresh_token=legacy.refresh_token or None,
        id_token=legacy.id_token or None,
        client_id=legacy.client_id or None,
        account_id=legacy.account_id or None,
        expires_at=end,
    )


def _end(legacy: _Legacy) -> datetime:
    """When the token ends; at once where nobody says, so that it is renewed before it is used.

    Raises:
        ValueError, OverflowError, OSError: it says a time that is none.
    """
    now = datetime.now(UTC)
    moment = legacy.expires_at or legacy.expiry
    if moment is None and legacy.expiry_date:
        moment = datetime.fromtimestamp(legacy.expiry_date / 1000, UTC)
    if moment is None:
        return expiry(legacy.expires_in, now) if legacy.expires_in else now
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment, _FIRST), now + _LONGEST)
