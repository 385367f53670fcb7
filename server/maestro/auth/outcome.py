"""The one end of a login, and who waits for it."""

import asyncio
from typing import TypeVar

from maestro.errors import MaestroError
from maestro.providers.oauth import Granted

T = TypeVar("T")


class Outcome:
    def __init__(self) -> None:
        self._future: asyncio.Future[Granted] = asyncio.get_running_loop().create_future()
        self._future.add_done_callback(seen)

    @property
    def reached(self) -> bool:
        return self._future.done()

    def reach(self, result: Granted | Exception) -> bool:
        """False if it was reached before; the first one stands."""
        if self.reached:
            return False
        if isinstance(result, Exception):
            self._future.set_exception(result.with_traceback(None))  # whose frames would keep the login's secrets
        else:
            self._future.set_result(result)
        return True

    def get(self) -> Granted:
        """What was granted; raises the error instead if there is one."""
        return self._future.result()

    async def wait(self) -> None:
        """Who is cancelled while waiting changes nothing."""
        await asyncio.wait({self._future})

    async def reached_before(self, task: "asyncio.Future[T]") -> bool:
        """Wait for the task or the outcome; whether there is an outcome now."""
        waiting: set[asyncio.Future[T] | asyncio.Future[Granted]] = {task, self._future}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return self.reached


def cancelled() -> MaestroError:
    return MaestroError("loginCancelled", "The login was cancelled.")


def seen(future: "asyncio.Future[T]") -> None:
    """A failure nobody waits for is no fault of the loop's to report."""
    if not future.cancelled():
        future.exception()
