"""Audit: what is sent after small edits, and how soon a save whose code is known is shown."""

import argparse
import asyncio
import itertools
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maestro.audit.asking.exchange import Compose, RawReply
from maestro.audit.code.units import find_units
from maestro.audit.engine import audit
from maestro.audit.moving.edits import apply
from maestro.audit.options import AuditOptions, Shared
from maestro.audit.source import AuditSource
from maestro_protocol.base import JsonObject
from tests.bench.audit.corpus import sources, successions
from tests.bench.audit.transactions import between
from tests.bench.harness import Broken, percentile, serving
from tests.bench.server import WIRES, Maestro
from tests.unit.audit.model import answer, data_of, raw

_URI = "file:///work/app.py"
_OPTIONS = AuditOptions(provider="fake", model="m", audit_id="aud_1")
_RETURN = re.compile(r"^(\s+)return (?!None$).+[\w)\]]$")
_QUIET = 0.25
"""Seconds after which an editor that was just shown something, and once more, is shown the next thing at once."""
_LINES = 2_000
_SAMPLES = 40
_GEMINI = next(wire for wire in WIRES if wire.name == "gemini")
_VARIABLES = {
    "MAESTRO_AUDIT__ON_SAVE": "true",
    "MAESTRO_AUDIT__SAVE_DELAY_MS": "0",
    "MAESTRO_AUDIT__CONSENT": "always",
    "MAESTRO_DEFAULTS__AUDIT": f"{_GEMINI.provider}/{_GEMINI.model}",
}


@dataclass
class Asked:
    """A provider that finds nothing, and what it was sent since somebody looked."""

    size: int = 0
    symbols: list[str] = field(default_factory=list)

    async def generate(self, compose: Compose) -> RawReply:
        request = compose()
        self.size += len(request.user.encode())
        chunks = data_of(request)["chunks"]
        assert isinstance(chunks, list)
        self.symbols += [str(chunk["symbol"]) for chunk in chunks if isinstance(chunk, dict)]
        return raw(answer(request))

    async def review(self, text: str, shared: Shared) -> "Asked":
        """What an audit of the text sends."""
        self.size, self.symbols = 0, []
        await audit(AuditSource(_URI, text, "python"), self.generate, _OPTIONS, shared)
        return self


def measure(seed: int, limit: int) -> dict[str, float]:
    """Percent of a file that is sent for an edit of one function, and bytes where none are needed, of `limit` files."""
    return asyncio.run(_measure(seed, limit))


async def _measure(seed: int, limit: int) -> dict[str, float]:
    percents: list[float] = []
    chunks: list[int] = []
    others = needless = cases = 0
    for at, text in enumerate(_python_files(seed, limit)):
        dice, shared, asked = random.Random(f"{seed} {at}"), Shared(), Asked()
        whole = (await asked.review(text, shared)).size
        if (edit := _one_function(dice, text)) is not None:
            symbol, edited = edit
            await asked.review(edited, shared)
            percents.append(100 * asked.size / whole)
            chunks.append(len(asked.symbols))
            others += asked.symbols != [symbol]
        for same in (text, *_same_code(dice, text)):
            cases += 1
            needless += (await asked.review(same, shared)).size
    return {
        "files": len(percents),
        "percent_sent_p50": percentile(percents, 50),
        "percent_sent_p95": percentile(percents, 95),
        "most_chunks_sent": max(chunks),
        "edits_that_sent_others": others,
        "same_code_cases": cases,
        "same_code_bytes": needless,
    }


def measure_releases(limit: int, cache: Path) -> dict[str, float]:
    """The same for what changed between the releases of packages, a hunk per save, for at most `limit` files."""
    return asyncio.run(_measure_releases(limit, cache))


async def _measure_releases(limit: int, cache: Path) -> dict[str, float]:
    percents: list[float] = []
    others = silent = 0
    for texts in itertools.islice(successions(cache), limit):
        shared, asked = Shared(), Asked()
        text = texts[0]
        size = (await asked.review(text, shared)).size
        for before, after in itertools.pairwise(texts):
            for edits in between(before, after):
                earlier, text = text, apply(text, edits)
                await asked.review(text, shared)
                if (symbol := _only_function(earlier, text)) is None:
                    continue
                percents.append(100 * asked.size / size)
                silent += not asked.size
                others += bool(set(asked.symbols) - {symbol})
    return {
        "release_edits": len(percents),
        "release_edits_that_sent_nothing": silent,
        "release_edits_that_sent_others": others,
        "release_percent_sent_p50": percentile(percents, 50),
        "release_percent_sent_mean": sum(percents) / len(percents),
    }


def latency(home: Path, samples: int = _SAMPLES) -> dict[str, float]:
    """Milliseconds from a save to what is shown, of a document of 2,000 lines, and how many requests that took."""
    text = _long_text()
    numbers: dict[str, float] = {}
    requests = 0
    with (
        serving("gemini", "plain", "0") as url,
        Maestro(home, {**_GEMINI.variables(url), **_VARIABLES}) as server,
    ):
        server.initialize()
        server.sign_in(_GEMINI)
        desk = _Desk(server, text)
        desk.audit()
        kinds = {
            "identical": (text,),
            "reverted": (f"{text}\n\nx_new = 1\n", text),
            "comment": tuple(f"{text}# {n}\n" for n in range(samples + 2)),
        }
        for kind, texts in kinds.items():
            turns = itertools.cycle(texts)
            for _ in range(2):  # what is new the first time
                desk.save(next(turns))
            before = desk.requests
            seconds = [desk.save(next(turns)) for _ in range(2 * samples if kind == "reverted" else samples)]
            seconds = seconds[1::2] if kind == "reverted" else seconds
            requests += desk.requests - before
            for percent in (50, 95):
                numbers[f"{kind}_p{percent}_ms"] = 1e3 * percentile(seconds, percent)
        numbers["requests"] = requests
    return numbers


class _Desk:
    """An editor with one document."""

    def __init__(self, server: Maestro, text: str) -> None:
        self._server = server
        self._version = 1
        self._text = text
        self.requests = 0
        """Of the audits after the first one."""
        document: JsonObject = {"uri": _URI, "languageId": "python", "version": 1, "text": text}
        server.notify("textDocument/didOpen", {"textDocument": document})

    def audit(self) -> None:
        """The first time."""
        result = self._server.request("maestro/audit/run", {"target": {"uri": _URI}})
        if result["status"] != "complete":
            raise Broken(f"the audit ended {result['status']}: {result.get('error')}")

    def save(self, text: str) -> float:
        """Seconds from the save of a text to what is shown of it."""
        if text != self._text:
            self._version, self._text = self._version + 1, text
            document: JsonObject = {"uri": _URI, "version": self._version}
            changes: list[JsonObject] = [{"text": text}]
            self._server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
            self._server.request("maestro/audit/list", {})
        time.sleep(_QUIET)
        began = time.perf_counter()
        self._server.notify("textDocument/didSave", {"textDocument": {"uri": _URI}})
        next(m for m in self._server.messages() if m.get("method") == "textDocument/publishDiagnostics")
        seconds = time.perf_counter() - began
        while (last := self._server.request("maestro/audit/list", {})["audits"][0])["status"] == "running":
            pass
        self.requests += int(self._server.request("maestro/audit/get", {"auditId": last["auditId"]})["requests"])
        return seconds


def _long_text() -> str:
    """The first 2,000 lines of a module, up to where one of its definitions ends."""
    import inspect

    lines = Path(inspect.__file__).read_text(encoding="utf-8").split("\n")
    source = AuditSource(_URI, "\n".join(lines), "python")
    end = max(unit.first_line for unit in find_units(source).units if unit.first_line <= _LINES)
    return "\n".join(lines[:end]).rstrip() + "\n"


def _python_files(seed: int, limit: int) -> Sequence[str]:
    """Texts that parse and have some functions."""
    texts = (text for text in sources((), seed, limit * 8) if "\ndef " in text and "\r" not in text)
    parsed = (text for text in texts if find_units(AuditSource(_URI, text, "python")).parsed and "\n    return" in text)
    return list(itertools.islice(parsed, limit))


def _one_function(dice: random.Random, text: str) -> tuple[str, str] | None:
    """A function's name and the text with another return in it."""
    lines = text.split("\n")
    units = [unit for unit in find_units(AuditSource(_URI, text, "python")).units if unit.symbol]
    dice.shuffle(units)
    for unit in units:
        for number in range(unit.first_line + 1, unit.last_line + 1):
            if (found := _RETURN.match(lines[number])) is not None:
                edited = [*lines[:number], f"{found[1]}return None", *lines[number + 1 :]]
                return unit.symbol, "\n".join(edited)
    return None


def _only_function(before: str, after: str) -> str | None:
    """The one function in which two texts differ, below its signature."""
    units = [find_units(AuditSource(_URI, text, "python")).units for text in (before, after)]
    if [unit.symbol for unit in units[0]] != [unit.symbol for unit in units[1]]:
        return None
    lines = [text.split("\n") for text in (before, after)]
    changed = [
        (old.symbol, old_lines[0] == new_lines[0])
        for old, new in zip(*units, strict=True)
        if (old_lines := lines[0][old.first_line : old.last_line + 1])
        != (new_lines := lines[1][new.first_line : new.last_line + 1])
    ]
    symbol, same_head = changed[0] if len(changed) == 1 else ("", False)
    return symbol if symbol and same_head else None


def _same_code(dice: random.Random, text: str) -> Iterator[str]:
    """Blank lines, blanks at line ends, comments, and functions that changed places."""
    lines = text.split("\n")
    source = AuditSource(_URI, text, "python")
    units = find_units(source).units
    starts = [unit.first_line for unit in units if unit.symbol]
    at = dice.choice(starts)
    yield "\n".join([*lines[:at], "", "", *lines[at:]])
    yield "\n".join([*lines[:at], "# What follows matters.", *lines[at:]])
    plain = [n for n in starts if lines[n].startswith("def ") and lines[n].endswith(":")]
    if plain:
        at = dice.choice(plain)
        yield "\n".join([*lines[:at], f"{lines[at]}   # why", *lines[at + 1 :]])
        yield "\n".join([*lines[:at], f"{lines[at]}  ", *lines[at + 1 :]])
    for one, next_ in itertools.pairwise(units):
        tops = (lines[one.first_line], lines[next_.first_line])
        if all(top.startswith("def ") for top in tops):
            first, second, end = one.first_line, next_.first_line, next_.last_line + 1
            yield "\n".join([*lines[:first], *lines[second:end], *lines[first:second], *lines[end:]])
            return


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audit.incremental", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=30, help="files")
    parser.add_argument("--releases", type=Path, help="also measure releases of packages, kept in this folder")
    parser.add_argument("--no-latency", action="store_true")
    options = parser.parse_args()
    numbers = measure(options.seed, options.limit)
    if options.releases:
        numbers |= measure_releases(options.limit, options.releases)
    if not options.no_latency:
        with tempfile.TemporaryDirectory(prefix="maestro-bench-") as home:
            numbers |= latency(Path(home))
    for name, number in numbers.items():
        print(f"{name:32} {number:10.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
