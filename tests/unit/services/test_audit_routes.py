"""An audit of a route asks the next model about what the one before did not answer, and says which one found what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import JsonValue

from maestro.app import Services
from maestro.audit.asking.budget import Budget
from maestro.errors import MaestroError
from maestro.services.audit_document import Question
from maestro.services.audit_rerouting import AuditRoute
from maestro.services.models import Target
from maestro_protocol.audit import AuditResult, AuditRunParams
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import Usage
from maestro_protocol.events import AuditRerouted
from tests.simulators.fixtures import Simulation
from tests.simulators.personas import status
from tests.simulators.wire import Request
from tests.unit.services.editor import FolderEditor
from tests.unit.services.product import product
from tests.unit.services.test_agent import Sink

pytestmark = pytest.mark.asyncio

GPT, CLAUDE = "openai/gpt-5.5", "anthropic/claude-sonnet-5-5"
SOURCE = "def load(path):\n    try:\n        return open(path).read()\n    except:\n        return None\n"


class Scene:
    def __init__(self, services: Services, openai: Simulation, anthropic: Simulation, folder: Path) -> None:
        self.services, self.openai, self.anthropic, self.folder = services, openai, anthropic, folder
        self.sink = Sink()

    async def audit(self, *names: str, **more: JsonValue) -> AuditResult:
        self.sink = Sink()
        uris = [(self.folder / name).as_uri() for name in names or ["a.py"]]
        params = AuditRunParams.from_wire({"target": {"uris": uris}, "model": "cheap", **more})
        return await self.services.audit.run(params, self.sink)

    def models(self, result: AuditResult) -> set[str]:
        found = [one.provenance for one in result.findings if one.provenance.model]
        return {f"{one.provider}/{one.model}" for one in found}


@asynccontextmanager
async def scene(home: Path, **settings: JsonValue) -> AsyncIterator[Scene]:
    folder = home / "work"
    folder.mkdir()
    for name in ("a.py", "b.py", "c.py"):
        (folder / name).write_text(f"# {name}\n{SOURCE}".replace("load", f"load_{name[0]}"))
    # Two definitions that are asked about in two requests.
    halves = ("\n".join(f"    x{n} = {half}{n}" for n in range(3_000)) for half in "12")
    (folder / "long.py").write_text("\n\n".join(f"def f{n}():\n    eval(x)\n{body}\n" for n, body in enumerate(halves)))
    chosen: JsonObject = {"routes": {"cheap": [GPT, CLAUDE]}, "retry": {"baseDelayMs": 1}, **settings}
    async with product(home / "state", "openai", "anthropic", in_front=FolderEditor(folder), settings=chosen) as (
        services,
        [openai, anthropic],
    ):
        yield Scene(services, openai, anthropic, folder)


def _asked(request: Request) -> str:
    """The body, in which the code is a text in a text."""
    return request.body.decode().replace("\\\\n", "\\n")


async def test_the_next_one_is_asked(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        plain = await it.audit()
        assert it.models(plain) == {GPT}
        it.openai.play("429=20")
        before = len(it.openai.requests)
        result = await it.audit(fresh=True)
        assert (result.status, result.error) == ("complete", None)
        assert it.models(result) == {CLAUDE}
        assert len(it.openai.requests) == before + 1
        [event] = it.sink.of("audit.rerouted")
        assert (event["from"], event["to"], event["auditId"]) == (GPT, CLAUDE, result.audit_id)
        assert event["reason"] == "openai/gpt-5.5 is rate limited for another 20 s."
        assert [one["type"] for one in it.sink.events].count("audit.completed") == 1
        assert {one.fingerprint for one in result.findings} == {one.fingerprint for one in plain.findings}


async def test_many_documents_go_the_same_way_and_say_so_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.openai.play("500")
        result = await it.audit("a.py", "b.py", "c.py")
        assert result.status == "complete"
        assert it.models(result) == {CLAUDE}
        assert len(it.sink.of("audit.rerouted")) == 1


async def test_only_what_was_not_answered_is_asked_again(tmp_path: Path) -> None:
    async with scene(tmp_path, audit={"concurrency": 1}) as it:
        it.openai.play(status(503).after(1))
        result = await it.audit("long.py")
        assert result.status == "complete"
        lines = [(chunk.first_line, chunk.last_line) for chunk in result.chunks]
        assert lines == sorted(set(lines))
        assert it.models(result) == {GPT, CLAUDE}, "each says what it found"
        assert len({one.id for one in result.findings}) == len(result.findings) == 2
        whole, part = it.openai.requests[0], it.anthropic.requests[0]
        assert "x1 = 11\\n" in _asked(whole)
        assert "x1 = 11\\n" not in _asked(part), "what was reviewed is not sent again"


@pytest.mark.parametrize("fault", ["401", "400"])
async def test_what_another_one_cannot_help_stays_a_failure(tmp_path: Path, fault: str) -> None:
    async with scene(tmp_path) as it:
        it.openai.play(fault)
        result = await it.audit()
        assert (result.status, it.sink.of("audit.rerouted"), it.anthropic.requests) == ("failed", [], [])


async def test_one_that_is_used_up_is_not_asked(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        session = await it.services.sessions.get("my-openai")
        it.services.runtime.rate_limits.wait("openai", session.id, "gpt-5.5", 60)
        assert it.models(await it.audit()) == {CLAUDE}
        assert it.openai.requests == []
        kinds = [event["type"] for event in it.sink.events]
        assert kinds[:2] == ["audit.started", "audit.rerouted"]


async def test_no_code_goes_where_it_may_not(tmp_path: Path) -> None:
    async with scene(tmp_path, routes={"cheap": [GPT, CLAUDE, "openai/gpt-5.4-mini"]}) as it:
        target = await it.services.models.target("cheap", None)
        question = Question("aud_1", target.provider, target.session_id, target.model, None, "low", Budget(), False)
        told: list[AuditRerouted] = []

        async def allow(model: Target) -> Budget:
            if model.provider == "anthropic":
                raise MaestroError("consentRequired", "Sending code to Anthropic was refused before.")
            return Budget()

        route = AuditRoute(it.services.models.journey(target), question, allow, told.append)
        failed = AuditResult(audit_id="aud_1", status="failed", error=MaestroError("overloaded", "No.").info())
        asked = route.question
        following = await route.after(asked, failed)
        assert following is not None
        assert (following.model, following.once) == ("gpt-5.4-mini", False)
        assert "was passed over: Sending code to Anthropic was refused before." in told[0].reason
        assert await route.after(asked, failed) is following, "another document goes the same way"
        assert await route.after(following, failed) is None
        assert len(told) == 1


async def test_a_budget_that_moves_keeps_what_was_taken() -> None:
    budget = Budget(max_tokens=10_000)
    first, second = budget.reserve(3_000, 0), budget.reserve(3_000, 0)
    assert first and second
    budget.settle(first, Usage(input_tokens=6_000, total_tokens=6_000))
    there = Budget(max_tokens=10_000).after(budget)
    assert there.reserve(2_000, 0), "what was only reserved is free again"
    assert not there.reserve(2_000, 0)
