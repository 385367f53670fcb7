"""Whose own settings count where a command or a program works."""

from collections.abc import Sequence
from pathlib import Path

from maestro.settings import Project
from maestro.workspace.git import repository
from maestro.workspace.names import path_of


def projects_around(folders: Sequence[str]) -> Sequence[Project]:
    """These folders, by their URIs, and the roots of the repositories around them. Nobody says whether to trust one."""
    inner = [path for folder in folders if (path := path_of(folder)) is not None]
    outer = [Path(root) for path in inner if (root := repository(str(path))) is not None]
    return [Project(path) for path in dict.fromkeys([*inner, *outer])]
