"""Work that is finished even if whoever waits for it is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


async def finished(work: Coroutine[object, object, T], *, then_cancel: bool = False) -> T:
    """The result of `work`, however often the task is cancelled meanwhile.

    With `then_cancel` a cancellation that came arrives at the next await instead; without, it was too late.
    """
    task = asyncio.ensure_future(work)
    current = asyncio.current_task()
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
            if current is not None:
                current.uncancel()
        except BaseException:
            break
    if cancelled and then_cancel and current is not None:
        current.cancel()
    return task.result()
