"""The system's keyring: only kinds that protect what they keep, and never for longer than it is worth waiting."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from maestro.database.problems import VaultUnavailable
from maestro.vault.background import Background, StillHanging

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "maestro"
PATIENCE = 3.0
"""Seconds that a call may take. A person who types a password takes longer, and then the next call succeeds."""

_ALLOWED = {
    "darwin": ("keyring.backends.macOS.Keyring",),
    "win32": ("keyring.backends.Windows.WinVaultKeyring",),
}
_ALLOWED_ELSEWHERE = (
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.kwallet.DBusKeyringKWallet4",
)
_CHAIN = "keyring.backends.chainer.ChainerBackend"
_RETRY = "then try again"


class NoKeyring(VaultUnavailable):
    """There is none here that Maestro would use, which is different from one that does not open."""


class Keyring:
    """Passwords of the service `maestro` by user. Every call ends after `PATIENCE`, whatever the keyring does.

    The library's own choice of a keyring is not asked: with some packages installed it is a file in clear text, and it
    is made once for the life of a process.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._background = Background()
        self._backend: KeyringBackend | None = None

    async def name(self) -> str:
        """The class of the keyring.

        Raises:
            NoKeyring: there is none to use.
            VaultUnavailable: it does not answer.
        """
        return await self._call(lambda backend: f"{type(backend).__module__}.{type(backend).__qualname__}")

    async def get(self, user: str) -> str | None:
        """A password, or None if there is none. Raises as `name`."""
        return await self._call(lambda backend: backend.get_password(SERVICE, user))

    async def set(self, user: str, password: str) -> None:
        """Keep a password. Raises as `name`."""
        await self._call(lambda backend: backend.set_password(SERVICE, user, password))

    async def delete(self, user: str) -> None:
        """Forget a password. Raises as `name`."""
        await self._call(lambda backend: backend.delete_password(SERVICE, user))

    async def _call(self, work: "Callable[[KeyringBackend], T]") -> T:
        problem: VaultUnavailable
        try:
            return await self._background.call(lambda: work(self._find()), PATIENCE)
        except StillHanging:
            problem = VaultUnavailable(
                "The system keyring has not answered an earlier call yet",
                f"answer its question if there is one on the screen, or restart it, {_RETRY}",
            )
        except TimeoutError:
            problem = VaultUnavailable(
                "The system keyring did not answer in time",
                f"answer its question if there is one on the screen, or restart it, {_RETRY}",
            )
        except VaultUnavailable as error:
            problem = error
        except Exception as error:
            problem = _explain(error)
        # Outside of the handlers: what the keyring raised may hold what it was given.
        self._backend = None
        raise problem

    def _find(self) -> "KeyringBackend":
        if self._backend is None:
            self._backend = _best(self._candidates())
        if self._backend is None:
            raise NoKeyring(
                "There is no system keyring in this session",
                "start Maestro in a desktop session with an unlocked keyring (Secret Service or KWallet)",
            )
        return self._backend

    def _candidates(self) -> tuple[str, ...]:
        allowed = _ALLOWED.get(sys.platform, _ALLOWED_ELSEWHERE)
        wanted = self._environment.get("PYTHON_KEYRING_BACKEND") or _configured()
        if wanted is None or wanted == _CHAIN:
            return allowed
        if wanted not in allowed:
            raise NoKeyring(
                "The keyring that PYTHON_KEYRING_BACKEND or keyringrc.cfg names is none that Maestro trusts with a key",
                "remove that setting, so that the system's own keyring is used",
            )
        return (wanted,)


def _best(names: tuple[str, ...]) -> "KeyringBackend | None":
    """The most suitable of those that work here. Each looks at the session bus to find out.

    Raises:
        TimeoutError: none works, and the bus is too slow to say that there is none.
    """
    from importlib import import_module

    found: list[tuple[float, KeyringBackend]] = []
    slow: TimeoutError | None = None
    for name in names:
        module, _, kind = name.rpartition(".")
        try:
            backend: type[KeyringBackend] = getattr(import_module(module), kind)
            found.append((float(backend.priority), backend()))
        except TimeoutError as error:
            slow = error
        except Exception:
            continue  # it is not for this system, or its service is not running
    if slow is not None and not found:
        raise slow
    return max(found, key=lambda pair: pair[0], default=(0, None))[1]


def _configured() -> str | None:
    """The keyring that the library's own settings file names."""
    from configparser import Error, RawConfigParser

    from keyring.util.platform_ import config_root

    settings = RawConfigParser()
    try:
        settings.read(config_root() / "keyringrc.cfg", encoding="utf-8")
        return settings.get("backend", "default-keyring").strip() or None
    except (Error, OSError, UnicodeDecodeError):
        return None


def _explain(error: Exception) -> VaultUnavailable:
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    match error:
        case NoKeyringError():
            return NoKeyring("There is no system keyring in this session", f"start one, {_RETRY}")
        case KeyringLocked():
            return VaultUnavailable("The system keyring is locked", f"unlock it, {_RETRY}")
        case InitError():
            problem = "The system keyring has no collection to keep a key in, or asking for one was refused"
            return VaultUnavailable(problem, f"create and unlock a default keyring, {_RETRY}")
        case OSError():
            problem = "The session bus that leads to the system keyring is gone"
            return VaultUnavailable(problem, f"log in again or correct DBUS_SESSION_BUS_ADDRESS, {_RETRY}")
    return VaultUnavailable(f"The system keyring failed ({type(error).__name__})", f"unlock or restart it, {_RETRY}")
