"""What stays closed in a workspace, whatever its ignore files and the user's settings say."""

import re

from maestro.audit.limits import holds_credentials
from maestro.settings import PROJECT_FILE
from maestro.workspace.ignore import MAESTRO_FILE

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_KEY_FOLDERS = frozenset({".ssh", ".gnupg"})


def denial(path: str, *, writing: bool = False) -> str | None:
    """Why a file is closed, as the end of a sentence about it; None if it is not.

    `path` is relative to its workspace folder, "/"-separated.
    """
    if is_gits(path):
        return "belongs to git's own files, which are never read or changed here"
    *folders, name = map(_canonical, path.split("/"))
    if not _KEY_FOLDERS.isdisjoint(folders) or holds_credentials(name):
        return "looks like a file of secrets, so it is not sent or changed; paste the part you mean"
    if writing and name == MAESTRO_FILE:
        return "says what Maestro may read, so only the user changes it, by hand"
    if writing and name == PROJECT_FILE:
        return "says how Maestro works here, so only the user changes it, by hand"
    return None


def is_gits(path: str) -> bool:
    """Whether a path leads to what git keeps for itself, through which it can be made to run programs."""
    return ".git" in map(_canonical, path.split("/"))


def _canonical(name: str) -> str:
    """The name some system would take this one for: without case, streams, trailing dots and invisible characters."""
    return _INVISIBLE.sub("", name).partition(":")[0].rstrip(". ").lower() or name
