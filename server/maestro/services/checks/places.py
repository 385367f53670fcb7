"""May nobody but the user look into what Maestro keeps, and is all of it the user's own."""

import os
import re
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from maestro.directories import directories
from maestro.private_files import POSIX
from maestro.provider_file import FILE_NAME
from maestro.services.checks.configuration import keys_in
from maestro.services.checks.outcome import bad, good
from maestro_protocol.doctor import Check

_SECRETS = re.compile(r"(?i)\b(api_?key|client_?secret|authorization)[\"']?\s*=")
_MOST_FILES = 1000


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
    return path.name in ("vault.key", "config.toml") or (path.name == FILE_NAME and bool(keys_in(path)))


def _listed(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    shown = (f"{path} ({stat.S_IMODE(path.stat().st_mode):04o})" for path in paths[:5])
    return ", ".join(shown) + more


def _quoted(paths: Sequence[Path]) -> str:
    return " ".join(shlex.quote(str(path)) for path in paths)
