"""Reading the files in which other tools keep their logins; nothing is ever written there."""

import json
import stat
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.providers.oauth import Profile
from maestro_protocol.base import JsonObject

_BYTES = 1024 * 1024


def home(environment: Mapping[str, str]) -> Path | None:
    """The user's directory as the environment has it; without one, nobody's files are read."""
    directory = environment.get("HOME") or environment.get("USERPROFILE")
    return Path(directory) if directory else None


def read_text(path: Path, *, limit: int = _BYTES, links: bool = True) -> str | None:
    """The file as text; None where it cannot be read, is no plain file or is larger than `limit` bytes."""
    with suppress(OSError, ValueError):
        told = path.stat(follow_symlinks=links)
        if stat.S_ISREG(told.st_mode) and told.st_size <= limit:
            return path.read_text(encoding="utf-8")
    return None


def read_object(path: Path, *, links: bool = True) -> JsonObject | None:
    """The JSON object in a file; None where there is none. `links` says whether a symbolic link is followed."""
    with suppress(ValueError, RecursionError):
        read = json.loads(read_text(path, links=links) or "null")
        return read if isinstance(read, dict) else None
    return None


def text(value: JsonValue) -> str | None:
    """A text that is not empty; None for everything else."""
    return value if isinstance(value, str) and value else None


def table(value: JsonValue) -> JsonObject:
    """An object; an empty one for everything else."""
    return value if isinstance(value, dict) else {}


def moment(value: JsonValue, *, per_second: int = 1) -> datetime | None:
    """A time in seconds (or `per_second` parts of one) since 1970; None for what is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(value / per_second, UTC)
    return None


def usable(profile: Profile | None, owner: str, command: str, provider: str) -> Profile:
    """The profile, if its file still says one that has not expired.

    Raises:
        MaestroError: 4003 naming the owner's command.
    """
    ends = profile.credential.expires_at if profile else None
    if profile is None or (ends is not None and ends <= datetime.now(UTC)):
        message = f"This login belongs to {owner} and has expired; run `{command}`."
        raise MaestroError("authExpired", message, provider=provider)
    return profile
