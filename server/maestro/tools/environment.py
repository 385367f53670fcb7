"""The environment of commands and helpers: the user's, without its secrets.

Left out are Maestro's own variables (`MAESTRO_*`), variables whose name says that they hold a secret (`key`, `token`,
`secret`, `password`, `passphrase` or `credential` somewhere in it), and those whose value looks like one: a key by its
shape, a URL with a password in it. What a program cannot run without (`PATH`, `HOME`, the locale, the virtual
environment) always stays, and so does `SSH_AUTH_SOCK`: it holds no secret, and git needs it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from maestro.tools.output import hide

_SECRET_NAME = re.compile(r"(?i)key|token|secret|passw(?:or)?d|passphrase|credential|^maestro_")
_HARMLESS = re.compile(
    r"(?i)PATH|HOME|USER|LOGNAME|SHELL|TERM|LANG|LC_[A-Z]+|TZ|PWD|TMPDIR|TEMP|TMP|VIRTUAL_ENV|CONDA_PREFIX|SSH_AUTH_SOCK"
    r"|SYSTEMROOT|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|PROGRAMFILES|USERPROFILE"
)
_SHORTEST_KNOWN = 8
"""Characters; shorter values stand in too many other places."""


@dataclass(frozen=True, slots=True)
class Scrubbed:
    environment: Mapping[str, str] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    """The values that were left out, as far as they are long enough to be recognised in an output."""


def scrub(environment: Mapping[str, str]) -> Scrubbed:
    """The variables that may be passed on."""
    kept = {name: value for name, value in environment.items() if not _is_secret(name, value)}
    left_out = {value for name, value in environment.items() if name not in kept and not _is_setting(name, value)}
    return Scrubbed(kept, frozenset(value for value in left_out if len(value) >= _SHORTEST_KNOWN))


def _is_secret(name: str, value: str) -> bool:
    if _HARMLESS.fullmatch(name):
        return False
    return _SECRET_NAME.search(name) is not None or hide(value) != value


def _is_setting(name: str, value: str) -> bool:
    """Whether it is one of Maestro's variables and no secret, like a model's name."""
    return not _is_secret(re.sub(r"(?i)^maestro_", "", name), value)
