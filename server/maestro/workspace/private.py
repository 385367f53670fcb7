"""Maestro's own folders, which hold credentials, chats and settings: none of their files is read or written here."""

import os
from collections.abc import Callable, Collection
from pathlib import Path

from maestro.errors import MaestroError
from maestro.workspace.files import quoted


class Private:
    """`folders` as they are named; where they are is looked up each time, since they may not exist yet."""

    def __init__(self, folders: Collection[Path]) -> None:
        self._folders = folders

    def now(self) -> Callable[[Path], bool]:
        """Whether a path, its links resolved, is one of the folders or in one, as these are now; blocks."""
        resolved = [_canonical(Path(os.path.realpath(folder))) for folder in self._folders]

        def has(path: Path) -> bool:
            canonical = _canonical(path) if resolved else ()
            return any(canonical[: len(own)] == own for own in resolved)

        return has

    def check(self, path: Path, shown: str) -> None:
        """Raises 4406 for a path the folders have."""
        if self.now()(path):
            message = f"{quoted(shown)} is one of Maestro's own files, which are never read or changed here."
            raise MaestroError("outsideWorkspace", message)


def _canonical(path: Path) -> tuple[str, ...]:
    """Without case, which some file systems do not know."""
    return tuple(part.casefold() for part in path.parts)
