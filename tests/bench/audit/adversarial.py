"""Replies that lie, fail and break off: no failure is shown as clean, no invented quote is shown at all."""

import argparse
import asyncio
import json
import random
import sysconfig
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path

from maestro.audit.asking.exchange import RawReply, StructuredRequest
from maestro.audit.source import AuditSource
from maestro_protocol.audit import AuditResult
from maestro_protocol.base import JsonObject
from tests.bench.audit.personas import FAILURES, WRAPPED, Asked, asked
from tests.unit.audit.model import OPTIONS, answer, ask, claim, raw

_LINES = 40
_CLAIMS = 4


@dataclass(slots=True)
class Case:
    """A part of a real file, claims about lines that stand in it once, and lines that stand elsewhere."""

    source: AuditSource
    claims: list[JsonObject]
    foreign: list[str]


@dataclass(slots=True)
class Tally:
    """Counts by name, and the names of what went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def check(self, what: str, ok: bool, name: str) -> None:
        self.counts[what] += 1
        if not ok:
            self.counts[f"{what}, wrong"] += 1
            self.wrong.append(f"{what}: {name}")


def measure(seed: int = 1, limit: int = 20) -> dict[str, int]:
    """How many replies of each kind were tried on so many sources, and how many came out wrong."""
    return dict(sorted(run(seed, limit).counts.items()))


def run(seed: int, limit: int) -> Tally:
    tally = Tally()
    for case in cases(random.Random(seed), limit):
        asyncio.run(_try(case, tally))
    return tally


async def _try(case: Case, tally: Tally) -> None:
    for name, persona in FAILURES.items():
        result = await _audit(case, persona)
        tally.check("failure shown as clean", not _is_clean(result), name)
    for name, persona in WRAPPED.items():
        result = await _audit(case, persona)
        tally.check("findings lost", _titles(result) == {claim["title"] for claim in case.claims}, name)
    await _try_invented(case, tally)
    await _try_flood(case, tally)
    await _try_cuts(case, tally)


async def _try_invented(case: Case, tally: Tally) -> None:
    invented = {"foreign": case.foreign, "near miss": [_near(str(claim["quote"])) for claim in case.claims]}
    for kind, quotes in invented.items():
        for quote in quotes:
            result = await _reply(case, lambda request, quote=quote: answer(request, claim(quote, line=1)))
            tally.check(f"invented quote shown, {kind}", not result.findings, quote)


async def _try_flood(case: Case, tally: Tally) -> None:
    """Five hundred claims about four lines are no more than those four."""
    many = [{**case.claims[n % len(case.claims)], "why": f"It fails for input {n}."} for n in range(500)]
    result = await _reply(case, lambda request: answer(request, *many))
    tally.check("flood passed on", len(result.findings) <= len(case.claims), f"{len(result.findings)} findings")


async def _try_cuts(case: Case, tally: Tally) -> None:
    """The honest answer cut at every byte; what was whole is there, and nothing else."""
    known = {str(claim["title"]): str(claim["why"]) for claim in case.claims}
    for cut in count():
        kept: list[str] = []
        at_end = False

        def say(request: StructuredRequest, cut: int = cut, kept: list[str] = kept) -> str:
            nonlocal at_end
            data = answer(request, *case.claims).encode()
            at_end = cut >= len(data)
            text = data[:cut].decode("utf-8", "replace")
            kept += [title for title in known if f'{json.dumps(title)}, "fix": "", "related": []}}' in text]
            return text

        result = await _reply(case, say, truncated=True)
        if at_end:
            return
        tally.check("whole finding lost at a cut", _titles(result) == set(kept), f"byte {cut}")
        found = [*result.findings, *result.unverified]
        honest = all(known.get(f.title) == f.message for f in found)
        tally.check("finding corrupted at a cut", honest, f"byte {cut}")
        tally.check("cut shown as complete", result.status in ("partial", "failed"), f"byte {cut}")


async def _audit(case: Case, persona: Callable[[Asked], RawReply]) -> AuditResult:
    return await ask(case.source, lambda request: persona(asked(request, case.claims)), OPTIONS)


async def _reply(case: Case, text: Callable[[StructuredRequest], str], *, truncated: bool = False) -> AuditResult:
    return await ask(case.source, lambda request: raw(text(request), truncated=truncated), OPTIONS)


def _is_clean(result: AuditResult) -> bool:
    return result.status == "complete" and not result.findings and not result.unverified


def _titles(result: AuditResult) -> set[object]:
    return {finding.title for finding in result.findings}


def _near(quote: str) -> str:
    """The quote with another word in it: what a model remembers instead of reading."""
    words = quote.split()
    longest = max(words, key=len)
    return quote.replace(longest, f"{longest[: len(longest) // 2]}_other_{longest[len(longest) // 2 :]}", 1)


def cases(chance: random.Random, limit: int) -> list[Case]:
    """Parts of Python's own library."""
    paths = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    found: list[Case] = []
    for path in chance.sample(paths, len(paths)):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        case = _case(chance, path.name, lines)
        if case is not None:
            found.append(case)
        if len(found) > limit:
            break
    for case, other in pairwise(found):
        there = {"".join(line.split()) for line in case.source.lines}
        lines = [line for line in other.source.lines if len(line.split()) > 3 and "".join(line.split()) not in there]
        case.foreign = chance.sample(lines, min(5, len(lines)))
    return found[:limit]


def _case(chance: random.Random, name: str, lines: list[str]) -> Case | None:
    if len(lines) < 3 * _LINES:
        return None
    start = chance.randrange(len(lines) - _LINES)
    part = lines[start : start + _LINES]
    once = [n for n, line in enumerate(part) if _is_code(line) and sum(line.strip() in other for other in part) == 1]
    if len(once) < 3 * _CLAIMS:
        return None
    chosen = sorted(chance.sample(once[::2], _CLAIMS))
    topics = ("Empty list fails", "Handle leaks", "Lock held forever", "Query takes input")
    claims = [
        claim(part[n], line=n + 1, title=topic, why=f"Input {n} raises.")
        for n, topic in zip(chosen, topics, strict=True)
    ]
    return Case(AuditSource(f"file:///work/{name}", "\n".join(part), "python"), claims, [])


def _is_code(line: str) -> bool:
    """Comments are not sent, so nobody can quote them."""
    return len(line.split()) > 2 and "#" not in line


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audit.adversarial", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--limit", type=int, default=20, help="sources; each gets every reply, and one cut at every byte"
    )
    parser.add_argument("--failures", action="store_true", help="also print what was not right")
    options = parser.parse_args()
    tally = run(options.seed, options.limit)
    if options.failures:
        print("\n".join(tally.wrong))
    for what in sorted(what for what in tally.counts if not what.endswith(", wrong")):
        print(f"{what:36}{tally.counts[f'{what}, wrong']:6} of {tally.counts[what]}")


if __name__ == "__main__":
    main()
