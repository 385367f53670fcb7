"""`make bench`: every benchmark, or those named, and one table. Nothing is asserted about time.

The exit code is 1 if a benchmark could not be measured.
"""

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.bench import beside
from tests.bench.harness import Broken, Row, table

BENCHMARKS = (
    "start", "idle", "identity", "first_token", "cancel", "relay", "codex", "paced", "streams",
    "turns", "context", "chats",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--install", action="store_true", help="first fetch the peers that are missing: LiteLLM, Codex")
    options = parser.parse_args()
    names = options.names or BENCHMARKS
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    if options.install:
        beside.install()
    rows: list[Row] = []
    broken = 0
    for name in names:
        print(f"{name}: {import_module(f'tests.bench.{name}').__doc__}", file=sys.stderr, flush=True)
        try:
            rows += _run(name)
        except Broken as reason:
            broken += 1
            rows.append(Row(name, f"could not be measured: {reason}"))
    print(table(rows))
    return 1 if broken else 0


def _run(name: str) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="maestro-bench-") as home:
        return list(import_module(f"tests.bench.{name}").run(Path(home)))


if __name__ == "__main__":
    sys.exit(main())
