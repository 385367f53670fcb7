"""A project's `.maestro.toml`: what a stranger who wrote it may say, and who is no stranger.

Everything is closed to a stranger but what stands in `OPEN`. What is closed leads keys or code elsewhere, runs
programs, answers for the user, spends, or hides what is wrong here: an address, a consent, a limit, a model behind a
name the user knows, the rules of an audit.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue

from maestro.settings.merging import Layer
from maestro.settings.problems import Report, listed, shown
from maestro_protocol.base import JsonObject
from maestro_protocol.errors import Issue

OPEN = frozenset(
    {
        "defaults.provider",
        "defaults.chat",
        "defaults.complete",
        "defaults.compact",
        "defaults.audit",
        "audit.codeLens",
    }
)
"""What a stranger may say. `defaults` lead to nobody but the user's own sessions, and count only for a user who says
nothing about them: who keeps to a model on this machine is not led to another one."""


class Project(NamedTuple):
    """A folder whose `.maestro.toml` counts. `trusted` is what the client said of it; None if it said nothing."""

    folder: Path
    trusted: bool | None = None


def is_trusted(project: Project, folders: Sequence[str]) -> bool:
    """Whether somebody said so: the client, or the user by listing this very folder."""
    if project.trusted is not None:
        return project.trusted
    listed = (Path(folder).expanduser() for folder in folders)
    return _real(project.folder) in {_real(folder) for folder in listed if folder.is_absolute()}


def open_to_strangers(layer: Layer, value: JsonObject, report: Report, *, chosen: bool) -> JsonObject:
    """What counts of a stranger's settings that fit. `chosen` if the user says something about `defaults`."""
    kept: JsonObject = {}
    closed: list[str] = []
    for section, inner in value.items():
        members = inner if isinstance(inner, dict) else {}
        opened = {name for name in members if f"{section}.{name}" in OPEN and not (chosen and section == "defaults")}
        kept[section] = {name: members[name] for name in opened}
        closed += _leaves(section, {name: members[name] for name in members.keys() - opened} if members else inner)
    if closed:
        paths = sorted(map(shown, closed))
        message = (
            f"{layer.place} may not set {listed(paths)}, since the project is not trusted; "
            "if you trust it, add its folder to `trustedFolders` in `config.toml`."
        )
        issues = [Issue(path=path, message="counts for a trusted project only") for path in paths]
        report(layer.problem(message, issues, "hint"))
    return {section: inner for section, inner in kept.items() if inner}


def _leaves(path: str, value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}", inner)
    elif value != {}:
        yield path


def _real(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))
