"""Migrates copies of a database and dies, a little later each time: `die_anywhere FILE DIRECTORY`.

The copy in `DIRECTORY/<n>` is the one whose migration died at its nth step: a statement, or something done to a file.
It prints how many copies there are; the last migration came to its end.
"""

import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path

from maestro.database.opening import open_database

EVENTS = {"open", "os.rename", "os.remove", "os.chmod", "os.mkdir", "sqlite3.connect"}


class Countdown:
    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Traced(sqlite3.Connection):
    countdown: Countdown

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self.set_trace_callback(lambda statement: self.countdown.step())


def die_at(step: int, path: Path) -> None:
    countdown = Traced.countdown = Countdown(step)
    sys.addaudithook(lambda event, _: countdown.step() if event in EVENTS else None)
    connect = sqlite3.connect
    sqlite3.connect = lambda *a, **named: connect(*a, **named, factory=Traced)  # type: ignore[assignment, misc]
    open_database(path).connection.close()
    os._exit(0)


def main(original: Path, directory: Path) -> None:
    open_database(directory / "warm-up" / "maestro.db").connection.close()
    step, status = 0, -1
    while status != 0:
        step += 1
        path = directory / str(step) / "maestro.db"
        path.parent.mkdir(parents=True)
        shutil.copyfile(original, path)
        child = os.fork()
        if child == 0:
            try:
                die_at(step, path)
            finally:
                os._exit(9)
        status = os.waitpid(child, 0)[1]
        assert status in (0, signal.SIGKILL), status
    print(step)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
