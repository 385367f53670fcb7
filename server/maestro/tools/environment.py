"""The environment of commands and helpers: the user's, without its secrets.

Left out are Maestro's own variables (`MAESTRO_*`), variables whose name says that they hold a secret (`key`, `token`,
`secret`, `password`, `passphrase` or `credential` somewhere in it, or one of `_SECRET_WORDS` between its underscores),
and those whose value looks like one: a key by its shape, a URL with a password in it. So are the sockets of the SSH
agent and of the session's bus: who has them can use keys without holding one. What a program cannot run without
(`PATH`, `HOME`, the locale, the virtual environment, the certificates it trusts) always stays.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from maestro.tools.output import hide
from maestro.workspace.held import SHORTEST

_SECRET_WORDS = "PAT|AUTH|COOKIES?|DSN|SESSION|PRIVATE|SIGNATURE|CERT|PASS|PWD|JWT|CREDS?"
_SECRET_NAME = re.compile(
    rf"(?i)key|token|secret|passw(?:or)?d|passphrase|credential|^maestro_|(?<![A-Z0-9])(?:{_SECRET_WORDS})(?![A-Z0-9])"
)
_SOCKETS = frozenset(("SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS"))
"""Left out, and no secrets that would have to be hidden."""
_HARMLESS = re.compile(
    r"(?i)PATH|HOME|USER|LOGNAME|SHELL|TERM|LANG|LC_[A-Z]+|TZ|PWD|OLDPWD|TMPDIR|TEMP|TMP|VIRTUAL_ENV|CONDA_PREFIX"
    r"|SSL_CERT_(?:FILE|DIR)|DESKTOP_SESSION|XDG_SESSION_[A-Z]+|TERM_SESSION_ID"
    r"|SYSTEMROOT|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|PROGRAMFILES|USERPROFILE"
)


@dataclass(frozen=True, slots=True)
class Scrubbed:
    environment: Mapping[str, str] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    """The values that were left out, as far as they are long enough to be recognised in an output."""


def scrub(environment: Mapping[str, str]) -> Scrubbed:
    """The variables that may be passed on."""
    kept = {name: value for name, value in environment.items() if not _is_secret(name, value)}
    left_out = {
        value
        for name, value in environment.items()
        if name not in kept and name not in _SOCKETS and not _is_setting(name, value)
    }
    return Scrubbed(kept, frozenset(value for value in left_out if len(value) >= SHORTEST))


def _is_secret(name: str, value: str) -> bool:
    if _HARMLESS.fullmatch(name):
        return False
    return _SECRET_NAME.search(name) is not None or hide(value) != value


def _is_setting(name: str, value: str) -> bool:
    """Whether it is one of Maestro's variables and no secret, like a model's name."""
    return not _is_secret(re.sub(r"(?i)^maestro_", "", name), value)
