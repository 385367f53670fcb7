"""What people said of findings: dismissed ones, and rules turned off in a folder."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from maestro.audit.identity.baseline import Baseline, Entry
from maestro.database.database import Database
from maestro_protocol.audit import Finding

if TYPE_CHECKING:
    import sqlite3

_ADD = """
INSERT INTO finding_marks(folder, kind, mark, path, symbol, rule, title, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT(folder, kind, mark, path, symbol) DO UPDATE SET count = count + 1, reason = excluded.reason
"""
_REMOVE = "DELETE FROM finding_marks WHERE folder = ? AND kind = ? AND mark = ? AND path = ? AND symbol = ?"


@dataclass(frozen=True, slots=True)
class FolderMarks:
    """What was said in one workspace folder."""

    dismissed: Baseline = field(default_factory=Baseline)
    rules: Mapping[str, str | None] = field(default_factory=dict)
    """Rules that were turned off, and why."""


class Marks:
    """In the store, for all windows; a folder is the URI of a workspace folder, empty outside of all."""

    def __init__(self, database: Database, changed: Callable[[], None]) -> None:
        """`changed` is called when somebody said something, in this window or another."""
        self._database = database
        self._changed = changed
        self._folders: Mapping[str, FolderMarks] = {}

    async def open(self) -> None:
        """Read them, and follow what other windows say. Raises 4901."""
        await self._read()
        self._database.watch(self._read)

    def of(self, folder: str) -> FolderMarks:
        """What was said in a folder."""
        return self._folders.get(folder, FolderMarks())

    async def dismiss(self, folder: str, finding: Finding, reason: str | None) -> None:
        """Never show the finding again. Raises 4901."""
        path, symbol = finding.rel_path or "", finding.symbol or ""
        await self._write(
            _ADD, folder, "dismissed", finding.fingerprint, path, symbol, finding.rule, finding.title, reason, _now()
        )

    async def turn_off(self, folder: str, rule: str, reason: str | None) -> None:
        """Show no finding of a rule. Raises 4901."""
        await self._write(_ADD, folder, "rule", rule, "", "", rule, "", reason, _now())

    async def take_back(self, folder: str, entry: Entry) -> None:
        """Show what was dismissed again. Raises 4901."""
        await self._write(_REMOVE, folder, "dismissed", entry.fingerprint, entry.path, entry.symbol or "")

    async def turn_on(self, folder: str, rule: str) -> None:
        """Show the findings of a rule again. Raises 4901."""
        await self._write(_REMOVE, folder, "rule", rule, "", "")

    async def _write(self, query: str, *values: str | None) -> None:
        await self._database.run(lambda connection: connection.execute(query, values) and None)
        await self._read()

    async def _read(self) -> None:
        before, self._folders = self._folders, await self._database.read(_all)
        if before != self._folders:
            self._changed()


def dismissals(dismissed: Baseline, finding: Finding) -> list[Entry]:
    """What may keep this finding from being shown: said of the same code in its file, or in a function of its name."""
    return [
        entry
        for entry in dismissed.entries
        if entry.fingerprint == finding.fingerprint
        if entry.path == (finding.rel_path or "") or same_function(entry.symbol, finding.symbol)
    ]


def same_function(one: str | None, other: str | None) -> bool:
    """Whether two symbols are one function, wherever it stands; what is in none is the same too."""
    return (one or "").rpartition(".")[2] == (other or "").rpartition(".")[2]


def _all(connection: "sqlite3.Connection") -> Mapping[str, FolderMarks]:
    columns = "folder, kind, mark, path, symbol, rule, title, reason, count"
    entries: defaultdict[str, list[Entry]] = defaultdict(list)
    rules: defaultdict[str, dict[str, str | None]] = defaultdict(dict)
    for folder, kind, mark, path, symbol, rule, title, reason, count in _rows(connection, columns):
        if kind == "rule":
            rules[folder][mark] = reason
        else:
            entries[folder].append(Entry(mark, rule, path, title, symbol or None, reason, count))
    return {
        folder: FolderMarks(Baseline(tuple(entries[folder])), rules[folder])
        for folder in {*entries.keys(), *rules.keys()}
    }


def _rows(
    connection: "sqlite3.Connection", columns: str
) -> Sequence[tuple[str, str, str, str, str, str, str, str, int]]:
    return connection.execute(f"SELECT {columns} FROM finding_marks ORDER BY at").fetchall()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
