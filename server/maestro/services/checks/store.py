"""The database, looked at without changing it, and what lies about beside it."""

import os
import shlex
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from maestro.database.copies import decoded
from maestro.database.files import SIDE_FILES
from maestro.database.migrations import VERSION, version_of
from maestro.database.problems import failed, is_busy, is_damage, is_refusal
from maestro.database.shape import SESSIONS, misshapen, missing, tables
from maestro.errors import MaestroError
from maestro.private_files import PARTIAL
from maestro.services.checks.outcome import bad, good
from maestro.vault import legacy
from maestro_protocol.doctor import Check

_BUSY_SECONDS = 0.3
_CHECK_SECONDS = 0.6
"""How long the pages are looked at; of a database as large as that, the rest is believed."""
_STEPS = 10_000
_NAME = "store.readable"
_SET_ASIDE = "`maestro sessions`, which sets it aside and begins an empty one; then sign in again"


class Held(NamedTuple):
    """A lease as it lies in the database."""

    name: str
    holder: str
    expires_at: float


class Findings(NamedTuple):
    checks: Sequence[Check]
    usable: bool = False
    """Whether it may be opened as every command opens it, without anything being migrated or set aside by that."""
    absent: bool = False
    leases: Sequence[Held] = ()
    imported: frozenset[str] = frozenset()
    """Names of the older system's files that were copied in."""


class _Misfit(Exception):
    """Something about the database, as the check that says it."""

    def __init__(self, check: Check) -> None:
        self.check = check


def examine(path: Path) -> Findings:
    """Read the database as it is. A damaged one is not set aside by this, an older one not migrated."""
    if path.is_dir():
        return Findings([bad(_NAME, "error", f"{path} is a directory", "The store belongs there", "move it away")])
    if path.exists() and not path.is_file():
        cause = "A pipe, a socket or a device lies there"
        return Findings([bad(_NAME, "error", f"{path} is no regular file", cause, "move it away")])
    if path.exists():
        return _examine_file(path)
    if (place := _unwritable(path.parent)) is not None:
        label, cause = "There is nowhere to keep sessions", f"{path} cannot be created: {place} may not be written"
        if place.is_dir():
            return Findings([bad(_NAME, "error", label, cause, _writable(place))])
        cause = f"{path} cannot be created: {place} is no directory"
        return Findings([bad(_NAME, "error", label, cause, "move it away, or set MAESTRO_HOME to another directory")])
    return Findings([good(_NAME, f"There is no store yet; the first session makes {path}")], absent=True)


def files(path: Path) -> Iterator[Check]:
    """What was set aside, the backups, and credentials in clear text."""
    yield from _aside(path)
    backups = _beside(path, "backup-v")
    if backups:
        newest = max(backups, key=lambda backup: backup.name.partition(".backup-v")[2].partition("-")[2])
        yield good("store.backups", f"Backups: {len(backups)} ({_size(backups)}), the newest {newest}")
    if clear := list(legacy.clear_backups(path)):
        yield bad(
            "store.clearText",
            "warning",
            "Backups hold credentials in clear text",
            f"The older system did not encrypt: {', '.join(map(str, clear))}",
            "`maestro sessions`, which encrypts them once `vault.key` is well",
        )


def legacy_logins(environment: Mapping[str, str], imported: frozenset[str]) -> Iterator[Check]:
    """Files of the system Maestro replaces; the tokens in them are in clear text."""
    home = environment.get("HOME") or environment.get("USERPROFILE")
    folder = (Path(home) if home else Path.home()) / ".maestro"
    for path in sorted(folder.glob("*_oauth_creds.json")):
        name = f"legacy.{path.name.removesuffix('_oauth_creds.json')}"
        if path.name in imported:
            label, cause = f"The login in {path} was copied in", "The file still holds it in clear text"
            fix = f"stop the old system, then `rm {shlex.quote(str(path))}`"
        else:
            label, cause = f"There is a login of the old system in {path}", "It was not copied in yet"
            fix = "`maestro sessions import`"
        yield bad(name, "info", label, cause, fix)


def _examine_file(path: Path) -> Findings:
    try:
        with closing(_connect(path)) as connection:
            connection.text_factory = decoded
            return _examine(connection, path)
    except _Misfit as misfit:
        return Findings([misfit.check])
    except sqlite3.Error as error:
        return Findings([_unreadable(path, error)])
    except MaestroError as error:  # written by a newer Maestro
        fix = "update Maestro, or set MAESTRO_HOME to another directory"
        return Findings([bad(_NAME, "error", "The store is newer than this Maestro", error.message, fix)])


def _connect(path: Path) -> sqlite3.Connection:
    """Read-only. Where not even SQLite's own side files may be made, the file is read as it is."""
    uri, wal = path.absolute().as_uri(), path.with_name(f"{path.name}-wal")
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if wal.exists() or not os.access(path, os.R_OK):
            raise
        connection = sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True, isolation_level=None)
    return connection


def _examine(connection: sqlite3.Connection, path: Path) -> Findings:
    version, there = version_of(connection, path), tables(connection)
    complete = _look_at_pages(connection, path)
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    told = f"{path}: version {version}, {_size([path])}, {mode} journal"
    log = path.with_name(f"{path.name}-wal")
    told += f" of {_size([log])}" if log.exists() and log.stat().st_size else ""
    if there and version < VERSION:
        cause = f"An older Maestro made it (version {version}); today's is {VERSION}"
        fix = "`maestro sessions`, which makes a backup and brings it to today's format"
        return Findings([bad(_NAME, "info", told, cause, fix), *_clear(connection)])
    if there and (problem := _incomplete(connection, path)):
        return Findings([problem])
    if (place := _unwritable(path.parent)) or not os.access(path, os.W_OK):
        fix = _writable(place or path)
        cause = "It can be read but not written, so no session can be made or renewed"
        return Findings([bad(_NAME, "error", told, cause, fix)])
    told += ", undamaged" if complete else ", undamaged as far as was looked"
    if not there:
        return Findings([good(_NAME, told)], usable=True)
    query = "SELECT name, holder, expires_at FROM leases WHERE name NOT LIKE 'chat:%'"
    leases = [Held(*row) for row in connection.execute(query)]
    notes = connection.execute("SELECT key FROM notes WHERE key LIKE 'imported:%'")
    imported = frozenset(key.removeprefix("imported:") for (key,) in notes)
    return Findings([good(_NAME, told), *_clear(connection)], usable=True, leases=leases, imported=imported)


def _look_at_pages(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether there was time for all of them."""
    end = monotonic() + _CHECK_SECONDS
    connection.set_progress_handler(lambda: monotonic() > end, _STEPS)
    try:
        problems = [text for (text,) in connection.execute("PRAGMA quick_check(20)")]
    except sqlite3.OperationalError:
        if monotonic() > end:
            return False
        raise
    finally:
        connection.set_progress_handler(None, 0)
    # As at every opening: a value that breaks a rule of its table is no damage.
    if [text for text in problems if text != "ok" and not text.startswith(("NULL value in", "CHECK constraint"))]:
        raise _Misfit(_damaged(path))
    return True


def _unreadable(path: Path, error: sqlite3.Error) -> Check:
    if is_damage(error):
        return _damaged(path)
    message = failed(path, error).message
    if is_busy(error):
        return bad(_NAME, "error", f"{path} is in use", message, "end the program that uses it, see `instances`")
    fix = _writable(path) if is_refusal(error) else _instead(path, "`maestro sessions`, and look into the log")
    return bad(_NAME, "error", f"{path} cannot be read", message, fix)


def _incomplete(connection: sqlite3.Connection, path: Path) -> Check | None:
    """What an opening would mend or set aside."""
    if wrong := misshapen(connection):
        cause = f"Its columns are not those of Maestro's tables: {', '.join(wrong)}"
        return bad(
            _NAME, "error", f"{path} has another shape than Maestro's databases", cause, _instead(path, _SET_ASIDE)
        )
    if lost := missing(connection):
        cause = f"Somebody removed what Maestro keeps there: {', '.join(lost)}"
        fix = "`maestro sessions`, which makes them again, empty"
        return bad(_NAME, "error", f"{path} lacks tables", cause, _instead(path, fix) if SESSIONS in lost else fix)
    return None


def _damaged(path: Path) -> Check:
    return bad(
        _NAME, "error", f"{path} is damaged", "It is no database, or no longer a whole one", _instead(path, _SET_ASIDE)
    )


def _instead(path: Path, fix: str) -> str:
    """The newest backup, where there is one."""
    if backups := _beside(path, "backup-v"):
        newest = max(backups, key=lambda backup: backup.stat().st_mtime)
        return f"`maestro store restore {shlex.quote(str(newest))}`, which keeps what lies there now under another name"
    return fix


def _clear(connection: sqlite3.Connection) -> Iterator[Check]:
    today = not missing(connection)
    unclean = today and legacy.is_unclean(connection)
    clear = legacy.has_clear_rows(connection)
    if clear and today and not legacy.trusts_clear(connection):
        yield bad(
            "store.clearText.rows",
            "warning",
            "The store holds a credential that was written outside Maestro",
            "It is in clear text although there is a key, so it is not used",
            "sign in to that session again with `maestro login`, or `maestro store restore BACKUP`",
        )
    elif clear or unclean:
        yield bad(
            "store.clearText.rows",
            "warning",
            "The store holds credentials in clear text",
            "The older system did not encrypt them, or what it left could not be overwritten yet",
            "`maestro sessions`, which encrypts them once `vault.key` is well and no other Maestro runs",
        )


def _aside(path: Path) -> Iterator[Check]:
    if aside := _beside(path, "unreadable-"):
        whole = [part for one in aside for part in _with_side_files(one)]
        yield bad(
            "store.aside",
            "warning",
            f"Databases that could not be read were set aside: {len(aside)} ({_size(whole)})",
            f"The sessions in them are not used any more: {', '.join(map(str, aside))}",
            "sign in again or `maestro store restore BACKUP`; if you miss nothing, "
            f"`rm {' '.join(shlex.quote(str(part)) for part in whole)}`",
        )


def _beside(path: Path, kind: str) -> list[Path]:
    found = sorted(path.parent.glob(f"{path.name}.{kind}*"))
    return [one for one in found if PARTIAL not in one.name and not one.name.endswith(SIDE_FILES)]


def _with_side_files(path: Path) -> Iterator[Path]:
    for suffix in ("", *SIDE_FILES):
        if (part := path.with_name(path.name + suffix)).exists():
            yield part


def _size(paths: Iterable[Path]) -> str:
    size = float(sum(path.stat().st_size for path in paths))
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _unwritable(directory: Path) -> Path | None:
    """The nearest directory that is there, if nothing can be created in it."""
    there = directory
    while not there.exists() and there != there.parent:
        there = there.parent
    return None if there.is_dir() and os.access(there, os.W_OK | os.X_OK) else there


def _writable(place: Path) -> str:
    """How the path becomes one that can be read and written."""
    elsewhere = "set MAESTRO_HOME to a directory you may write"
    if _is_read_only(place):
        return f"{elsewhere}: {place} is on a file system that cannot be written"
    return f"`chmod u+rwX {shlex.quote(str(place))}`, or {elsewhere}"


def _is_read_only(place: Path) -> bool:
    try:
        return os.name != "nt" and bool(os.statvfs(place).f_flag & os.ST_RDONLY)
    except OSError:
        return False
