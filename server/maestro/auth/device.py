"""Waits until the user typed in the device's code, through failures that pass."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from maestro.auth.explain import passes
from maestro.errors import MaestroError
from maestro.failures import UpstreamError
from maestro.providers.oauth import CodeGrant, DeviceCode, DeviceRole, OAuthContext

T = TypeVar("T")

_SHORTEST, _LONGEST = 0.05, 30.0


async def poll(role: DeviceRole, context: OAuthContext, code: DeviceCode) -> CodeGrant:
    """What the user agreed to.

    Raises:
        MaestroError: 4004 if the user refused, or the code ran out.
        UpstreamError: the service refused to answer this login at all.
    """
    first = min(max(code.interval, _SHORTEST), code.expires_in)
    await asyncio.sleep(first)
    grant = await patiently(lambda: role.poll_device(context, code), code.interval, code.expires_in - first)
    if grant is None:
        raise MaestroError("loginFailed", "The code was not entered in time; create the session again for a new one.")
    return grant


async def patiently(call: Callable[[], Awaitable[T | None]], interval: float, seconds: float) -> T | None:
    """What the call gives once it gives something; None if it did not within `seconds`.

    A failure that passes doubles the wait. It falls back when the service answers again, unless the service was busy:
    such a one wants to be asked less often (RFC 8628, `slow_down`).
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    interval = wait = max(interval, _SHORTEST)
    while True:
        try:
            if (result := await call()) is not None:
                return result
            wait = interval
        except (UpstreamError, MaestroError) as error:
            if not passes(error):
                raise
            wait = max(min(wait * 2, _LONGEST), _asked_wait(error))
            interval = wait if _is_busy(error) else interval
        left = deadline - loop.time()
        if left <= 0:
            return None
        await asyncio.sleep(min(wait, left))


def _asked_wait(error: UpstreamError | MaestroError) -> float:
    if isinstance(error, UpstreamError):
        return error.failure.retry_after or 0
    return (error.data.retry_after_ms or 0) / 1000


def _is_busy(error: UpstreamError | MaestroError) -> bool:
    return isinstance(error, UpstreamError) and error.failure.kind in ("rate_limited", "overloaded")
