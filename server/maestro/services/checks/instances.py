"""Other Maestro processes on this machine that work with the same store."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from maestro import __version__
from maestro.database.leases import lives
from maestro.services.checks.outcome import bad, good
from maestro.services.checks.store import Held
from maestro_protocol.doctor import Check

_PROCESSES = Path("/proc")


class _Instance(NamedTuple):
    process_id: int
    what: str
    version: str | None

    def __str__(self) -> str:
        return f"{self.process_id} ({self.what}{f' {self.version}' if self.version else ''})"


def instances(store: Path) -> Iterator[Check]:
    """Who else has the store open; never a problem by itself."""
    if sys.platform != "linux":
        yield good("instances", "Which other Maestro processes run cannot be told on this system")
        return
    others = list(_others(store))
    label = f"Other Maestro processes with this store: {', '.join(map(str, others)) or 'none'}"
    if any(other.version not in (None, __version__) for other in others):
        cause = f"They are of other versions than this one, {__version__}"
        yield bad("instances", "info", label, cause, "restart those editors, or update what they start")
    else:
        yield good("instances", label)


def leases(held: Sequence[Held]) -> Iterator[Check]:
    """Renewals that were begun: by whom, and whether that process still lives."""
    living = [lease for lease in held if lives(lease.holder)]
    hanging = [lease for lease in living if lease.expires_at < time.time()]
    if hanging:
        processes = sorted({_process(lease) for lease in hanging})
        yield bad(
            "leases",
            "info",
            f"Renewals of logins that took too long: {len(hanging)}",
            f"Begun and not finished by process {', '.join(processes)}; others take them over",
            f"if it hangs, `kill {' '.join(processes)}`",
        )
    elif dead := len(held) - len(living):
        yield good(
            "leases", f"Renewals of logins left by processes that ended: {dead}; the next renewal takes them over"
        )
    else:
        yield good("leases", f"Renewals of logins under way: {len(living) or 'none'}")


def _others(store: Path) -> Iterator[_Instance]:
    store = store.resolve()
    for folder in _PROCESSES.iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            if folder.stat().st_uid == os.geteuid() and _has_open(folder, store):
                yield _instance(folder)
        except OSError:
            continue  # it ended meanwhile, or may not be looked at


def _has_open(folder: Path, store: Path) -> bool:
    words = (folder / "cmdline").read_bytes()
    return b"maestro" in words and any(_target(entry) == str(store) for entry in (folder / "fd").iterdir())


def _target(entry: Path) -> str | None:
    try:
        return os.readlink(entry)
    except OSError:
        return None


def _instance(folder: Path) -> _Instance:
    """Only the command's own name is told: what stands behind it may be private."""
    words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    named = [place for place, word in enumerate(words) if Path(word).name in ("maestro", "maestro.exe")]
    command = words[named[0] + 1] if named and named[0] + 1 < len(words) else ""
    what = f"maestro {command}".strip() if command.isalpha() else "maestro"
    return _Instance(int(folder.name), what, _version(Path(words[0])))


def _version(interpreter: Path) -> str | None:
    """What is installed beside an interpreter now; it may have been updated since the process started."""
    pattern = "lib/python*/site-packages/the_maestro-*.dist-info"
    found = [path.name for path in interpreter.parent.parent.glob(pattern)]
    return found[0].removeprefix("the_maestro-").removesuffix(".dist-info") if found else None


def _process(lease: Held) -> str:
    return lease.holder.partition(":")[0]
