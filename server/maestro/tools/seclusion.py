"""Keeps this process's memory and environment from the commands it starts, which run as the same user."""

import sys
from functools import cache

_PR_SET_DUMPABLE = 4


@cache
def seclude() -> bool:
    """Whether other processes of the user can no longer read what this one holds, as `/proc/PID/environ` and `mem`.

    Only Linux needs it: elsewhere none can without the user's leave. Afterwards no debugger or tracer can be attached
    to this process, and a crash leaves no core file; root may still do all of it. Programs that are started are as open
    as ever. Where the system refuses, everything stays as it was.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False
