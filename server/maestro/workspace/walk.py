"""Through a folder, past what is ignored."""

import os
from collections.abc import Callable, Iterator
from typing import TypeAlias

from maestro.workspace.ignore import Rules

Hears: TypeAlias = Callable[[str], None]


def _nobody(path: str) -> None:
    """For those who take what they get."""


def walk(rules: Rules, prefix: str = "", closed: Hears = _nobody) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """What is no folder and not ignored in the folder of `rules`, at any depth, in the order of the paths.

    A path begins with `prefix` and is "/"-separated. Links are entries like files; none is followed. Git's own folders
    are passed over, as are folders that cannot be read; `closed` hears of those the user may not look into.
    """
    waiting = [_entries(rules, prefix, closed)]
    while waiting:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
            continue
        path, entry, inside = found
        if inside is None:
            yield path, entry
        else:
            waiting.append(_entries(inside, f"{path}/", closed, known=False))


def _entries(
    rules: Rules, prefix: str, closed: Hears, *, known: bool = True
) -> Iterator[tuple[str, "os.DirEntry[str]", Rules | None]]:
    """One folder's entries; those that are folders with the rules in them, their own files not yet read."""
    try:
        entries = _scan(rules.folder)
    except PermissionError:
        closed(prefix.removesuffix("/"))
        return
    if not known:
        rules = rules.with_own({entry.name for _, entry, _ in entries})
    for _, entry, is_folder in entries:
        name = entry.name
        if name.lower() != ".git" and rules.ignored_by(name, is_folder=is_folder) is None:
            yield prefix + name, entry, rules.into(name) if is_folder else None


def _scan(folder: str) -> list[tuple[str, "os.DirEntry[str]", bool]]:
    """The entries in order; none of what is no folder any more. Raises PermissionError."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry, _is_folder(entry)) for entry in entries]
    except PermissionError:
        raise
    except OSError:
        return []
    keyed = [(f"{entry.name}/" if is_folder else entry.name, entry, is_folder) for entry, is_folder in found]
    keyed.sort(key=lambda one: one[0])
    return keyed


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
