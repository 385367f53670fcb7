"""Are Maestro's files where they should be, can they be read, and by nobody else."""

import os
import re
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from maestro.database.files import POSIX
from maestro.directories import directories
from maestro.errors import MaestroError
from maestro.services.checks.outcome import bad, good
from maestro.settings import load
from maestro_protocol.doctor import Check

_SECRETS = re.compile(r"(?i)\b(api_?key|client_?secret|authorization)[\"']?\s*=")
_MOST_FILES = 1000


def configuration(environment: Mapping[str, str]) -> Iterator[Check]:
    """`config.toml` and the variables that are settings: whether they fit."""
    config = directories(environment).config / "config.toml"
    misfits: list[MaestroError] = []
    load(environment, None, misfits.append)
    if misfits:
        yield bad(
            "config.readable",
            "error",
            "Settings do not fit, so the terminal's commands refuse to start",
            " ".join(misfit.message for misfit in misfits),
            " and ".join(dict.fromkeys(_mending(misfit, config, environment) for misfit in misfits)),
        )
    elif config.exists():
        yield good("config.readable", f"The settings in {config} fit")
    else:
        yield good("config.readable", f"There is no {config}; everything is as it comes")


def private(environment: Mapping[str, str]) -> Iterator[Check]:
    """Nobody else may read what is kept, and all of it is the user's own."""
    found = [path for path in _kept(environment) if path.exists()]
    data = directories(environment).data
    if not POSIX:
        yield good("directories.private", f"Windows keeps {data} private by itself")
        return
    if open_to_others := [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]:
        yield bad(
            "directories.private",
            "error" if any(_holds_keys(path) for path in open_to_others) else "warning",
            "Others on this machine may look into what Maestro keeps",
            f"Their permissions are wider than 0700 and 0600: {_listed(open_to_others)}",
            f"`chmod go-rwx {_quoted(open_to_others)}`",
        )
    elif found:
        yield good("directories.private", f"Only you may look into {data}")
    else:
        yield good("directories.private", f"Nothing is kept in {data} yet")
    if foreign := [path for path in found if path.stat().st_uid != os.geteuid()]:
        yield bad(
            "directories.owner",
            "error",
            "Some of Maestro's files are not yours",
            f"They belong to somebody else, as after a command run with `sudo`: {_listed(foreign)}",
            f'`sudo chown "$(id -un)" {_quoted(foreign)}`',
        )


def _kept(environment: Mapping[str, str]) -> list[Path]:
    """The directory with the credentials and its files; `config.toml` where it holds a key."""
    places = directories(environment)
    config, entries = places.config / "config.toml", []
    if places.data.is_dir():
        entries = sorted(path for path in places.data.iterdir() if path.is_file())[:_MOST_FILES]
    return [places.data, *entries, *([config] if _has_secrets(config) else [])]


def _has_secrets(config: Path) -> bool:
    try:
        return _SECRETS.search(config.read_text(encoding="utf-8")) is not None
    except (OSError, UnicodeDecodeError):
        return False


def _holds_keys(path: Path) -> bool:
    """Whether whoever reads this one file has a key: what lies in the database is encrypted."""
    return path.name in ("vault.key", "config.toml")


def _mending(misfit: MaestroError, config: Path, environment: Mapping[str, str]) -> str:
    """The variables to change, or the file."""
    if str(config) in misfit.message:
        return f"edit {config}"
    paths = [issue.path for issue in misfit.data.issues or []]
    names = [name for name in environment if any(_is_setting(name, path) for path in paths)]
    return " and ".join(f"`unset {name}`" for name in names) or f"correct the settings in {config}"


def _is_setting(variable: str, path: str) -> bool:
    """`MAESTRO_LIMITS__MAX_ACTIVE_TURNS` is `limits.maxActiveTurns`."""
    steps = [step.replace("_", "") for step in variable.removeprefix("MAESTRO_").lower().split("__")]
    wanted = path.lower().replace("_", "").split(".")
    return variable.startswith("MAESTRO_") and steps == wanted[: len(steps)]


def _listed(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    shown = (f"{path} ({stat.S_IMODE(path.stat().st_mode):04o})" for path in paths[:5])
    return ", ".join(shown) + more


def _quoted(paths: Sequence[Path]) -> str:
    return " ".join(shlex.quote(str(path)) for path in paths)
