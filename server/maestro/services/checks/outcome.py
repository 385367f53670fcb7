"""What a check says, and that it always says something: it neither raises nor hangs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, TypeVar

from maestro.errors import MaestroError
from maestro.vault.background import Background
from maestro_protocol.doctor import Check

T = TypeVar("T")
Severity = Literal["info", "warning", "error"]

AGAIN = "run `maestro doctor` again"

_log = logging.getLogger(__name__)


def good(name: str, label: str) -> Check:
    """Nothing to do."""
    return Check(id=name, label=label, ok=True, severity="info")


def bad(name: str, severity: Severity, label: str, cause: str, fix: str) -> Check:
    """Something to do; only an error keeps Maestro from working."""
    return Check(id=name, label=label, ok=False, severity=severity, cause=cause, fix=fix)


async def off_loop(work: Callable[[], T], seconds: float) -> T:
    """Work that blocks, on a thread that nobody waits for at the end. Raises TimeoutError."""
    return await Background().call(work, seconds)


async def beside(name: str, work: Callable[[], Iterable[Check]], seconds: float) -> list[Check]:
    """Checks that block."""
    return await guarded(name, off_loop(lambda: list(work()), seconds), seconds + 0.5)


async def guarded(name: str, work: Awaitable[Iterable[Check]], seconds: float) -> list[Check]:
    """Checks that wait; whatever they raise instead is a failed check of this name."""
    try:
        async with asyncio.timeout(seconds):
            return list(await work)
    except Exception as error:
        return [failed(name, error)]


def failed(name: str, error: Exception) -> Check:
    """A check that came to no end. Only its own sentences are shown: other exceptions may hold values."""
    label = f"This could not be looked at: {name}"
    if isinstance(error, MaestroError):
        return bad(name, "error", label, error.message, f"correct that, then {AGAIN}")
    if isinstance(error, TimeoutError):
        return bad(name, "error", label, "It did not answer in time; a disk or a network drive may hang", AGAIN)
    _log.warning("the check %s failed with %s", name, type(error).__name__)
    cause = f"The check itself failed ({type(error).__name__})"
    return bad(name, "error", label, cause, f"{AGAIN}; if it fails again, report it with this line")
