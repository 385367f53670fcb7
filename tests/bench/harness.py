"""What the benchmarks share: children that speak frames, the time they burn, and the table of results."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

import psutil

from maestro_protocol.base import JsonObject

ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "XDG_CACHE_HOME")


class Broken(Exception):
    """A benchmark could not be measured; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `other` is the floor or the peer of `ours`; without an aim nothing is judged."""

    name: str
    ours: str
    other: str = ""
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None


class Child:
    """A process that takes JSON-RPC messages as frames on its stdin and writes frames to its stdout."""

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=ROOT,
            env=dict(environment),
        )
        self._ids = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._stderr):
            assert pipe is not None
            pipe.close()

    @property
    def cpu(self) -> float:
        """Seconds of processor time of all its threads so far, user and system."""
        pid = self._process.pid
        if sys.platform == "linux":
            return time.clock_gettime((~pid << 3) | 2)  # its own clock, as clock_getcpuclockid(3) names it
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system

    @property
    def rss(self) -> int:
        """Bytes in memory now."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    @property
    def peak_rss(self) -> int:
        """Bytes in memory at the worst moment, where the system remembers; else now."""
        if sys.platform != "linux":
            return self.rss
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])

    def start(self, method: str, params: JsonObject) -> int:
        """Send a request; its id."""
        request_id = next(self._ids)
        self._send({"id": request_id, "method": method, "params": params})
        return request_id

    def notify(self, method: str, params: JsonObject) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: JsonObject) -> JsonObject:
        """Send a request, and read until its answer."""
        request_id = self.start(method, params)
        return next(m["result"] for m in self.messages() if m.get("id") == request_id)

    def messages(self) -> Iterator[JsonObject]:
        """What it says from now on.

        Raises:
            Broken: it ended, or answered with an error.
        """
        stdout = self._process.stdout
        assert stdout is not None
        while header := stdout.readline():
            while stdout.readline() not in (b"\r\n", b""):
                pass  # another header
            length = header.lower().removeprefix(b"content-length:").strip()
            if not length.isdigit():
                raise Broken(f"{self._process.args} printed {header!r}")
            message = json.loads(stdout.read(int(length)))
            if "error" in message:
                raise Broken(f"{self._process.args}: {message['error']}")
            yield message
        self._stderr.seek(0)
        raise Broken(f"{self._process.args} ended: {self._stderr.read()[-2000:].decode(errors='replace')}")

    def lines(self) -> Iterator[bytes]:
        """Its stdout, for those who frame by lines."""
        assert self._process.stdout is not None
        return iter(self._process.stdout)

    def encode(self, message: JsonObject) -> bytes:
        """A message as it understands it."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)

    def _send(self, message: JsonObject) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(self.encode(message))
        self._process.stdin.flush()


@contextmanager
def serving(service: str, *persona: str) -> Iterator[str]:
    """The base URL of a simulator in a process of its own, as `tests.bench.simulator` is told."""
    command = [sys.executable, "-m", "tests.bench.simulator", service, *persona]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def environment(home: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for a child: no keys, no proxies, its state under `home`."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
    ours = {
        "HOME": str(home),
        "MAESTRO_HOME": str(home / "maestro"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "MAESTRO_DEFAULTS__PROVIDER": "offline",
        "MAESTRO_MODELS__PROBE_LOCAL_SERVERS": "false",
    }
    return {**kept, **ours, **(variables or {})}


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100).__int__() - 1)]


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of interleaved runs: what disturbs the machine hits both sides of a pair."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def spread(values: Sequence[float], unit: str, scale: float = 1) -> str:
    """The median, and what half of the values lie between."""
    low, middle, high = (f"{percentile(values, p) * scale:.3g}" for p in (25, 50, 75))
    return f"{middle} {unit} ({low}-{high})"


def table(rows: Sequence[Row]) -> str:
    """The rows under their headings, in columns."""
    cells = [("name", "ours", "floor/peer", "ratio", "aim", "met?"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    met = "" if row.met is None else "yes" if row.met else "NO"
    return row.name, row.ours, row.other, ratio, row.aim, met
