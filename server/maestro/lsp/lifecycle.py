"""The end: when the editor is gone, whatever it left behind."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable

POLL_SECONDS = 1.0


def watch_parent(process_id: int, on_gone: Callable[[], None]) -> None:
    """Call `on_gone` on the running loop once the process has ended; at once if there is none."""
    loop = asyncio.get_running_loop()
    if not is_alive(process_id):
        loop.call_soon(on_gone)
    elif (descriptor := _open(process_id)) is not None:
        loop.add_reader(descriptor, _ended, descriptor, on_gone)
    else:
        loop.call_later(POLL_SECONDS, watch_parent, process_id, on_gone)


def exit_within(seconds: float, code: int) -> None:
    """End the process after this time even if the loop never comes to rest."""
    guard = threading.Timer(seconds, lambda: os._exit(code))
    guard.daemon = True
    guard.start()


def _open(process_id: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the system has that."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(process_id)
    except OSError:
        return None


def _ended(descriptor: int, on_gone: Callable[[], None]) -> None:
    asyncio.get_running_loop().remove_reader(descriptor)
    os.close(descriptor)
    on_gone()


if sys.platform == "win32":  # pragma: no cover

    def is_alive(process_id: int) -> bool:
        """Whether the process runs. `os.kill(pid, 0)` would end it here."""
        import ctypes

        synchronize, timed_out = 0x00100000, 0x102
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(synchronize, False, process_id)
        if not handle:
            return False
        try:
            return bool(kernel.WaitForSingleObject(handle, 0) == timed_out)
        finally:
            kernel.CloseHandle(handle)

else:

    def is_alive(process_id: int) -> bool:
        """Whether the process runs, or has ended and nobody has noticed yet."""
        try:
            os.kill(process_id, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except OSError:
            pass  # not ours to signal, so it is there
        return True
