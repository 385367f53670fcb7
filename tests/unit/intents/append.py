"""Appends records to a ledger until it is killed: `append DATABASE [STEP]` kills itself at its nth statement.

It prints a line for each record that is committed.
"""

import os
import signal
import sys
from pathlib import Path

from tests.unit.intents.support import complete, opened


def main(path: Path, step: int | None) -> None:
    with opened(path) as connection:
        left = step

        def count(statement: str) -> None:
            nonlocal left
            if left is not None:
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        print("ready", flush=True)
        connection.set_trace_callback(count)
        while True:
            print(complete(connection).id, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
