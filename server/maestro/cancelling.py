"""One door for cancelling a task: a second cancellation would hit the clean-up of the first, whoever that came from."""

import asyncio
from weakref import WeakSet

_cancelled: "WeakSet[asyncio.Task[object]]" = WeakSet()


def cancel_once(task: "asyncio.Task[object]") -> None:
    """Cancel the task unless it was cancelled here before.

    `Task.cancelling` would not do: scopes inside a task, such as anyio's, cancel it for purposes of their own.
    """
    if task not in _cancelled:
        _cancelled.add(task)
        task.cancel()
