"""Which files a model may know of."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from maestro.errors import MaestroError
from maestro.workspace.denied import denial
from maestro.workspace.ignore import Rules
from maestro.workspace.patterns import fold, glob
from maestro.workspace.walk import walk


@dataclass(frozen=True, slots=True)
class Listing:
    """Paths relative to the folder, "/"-separated and sorted. `more` says that the limit cut it.

    `closed` are the folders the user may not look into, "" for the folder itself.
    """

    paths: Sequence[str]
    more: bool
    closed: Sequence[str] = ()


def list_files(
    rules: Rules,
    workspace: Path,
    pattern: str | None,
    limit: int,
    is_private: Callable[[Path], bool] = lambda path: False,
) -> Listing:
    """The files in the folder of `rules` that are neither ignored, closed nor private and fit a glob; blocks.

    Raises:
        MaestroError: -32602 for what is no glob.
    """
    paths: list[str] = []
    closed: list[str] = []
    for path in _fitting(_readable(rules, workspace, is_private, closed), pattern):
        if len(paths) == limit:
            return Listing(paths, True, closed)
        paths.append(path)
    return Listing(paths, False, closed)


def _fitting(paths: Iterator[str], pattern: str | None) -> Iterator[str]:
    if pattern is None:
        return paths
    if (regex := glob(pattern)) is None:
        message = "The glob is not one git would take; write it as in `.gitignore`, for example `src/**/*.py`."
        raise MaestroError("invalidParams", message)
    return (path for path in paths if regex.fullmatch(fold(path)))


def _readable(rules: Rules, workspace: Path, is_private: Callable[[Path], bool], closed: list[str]) -> Iterator[str]:
    for path, entry in walk(rules, closed=closed.append):
        if denial(path) is not None:
            continue
        if _leads_inside(entry.path, workspace, is_private) if entry.is_symlink() else not is_private(Path(entry.path)):
            yield path


def _leads_inside(link: str, workspace: Path, is_private: Callable[[Path], bool]) -> bool:
    """Whether a link is to a file of the workspace that is neither closed nor private."""
    try:
        target = Path(os.path.realpath(link))
    except OSError:  # replaced since
        return False
    if not target.is_relative_to(workspace) or not os.path.isfile(target) or is_private(target):
        return False
    return denial(target.relative_to(workspace).as_posix()) is None
