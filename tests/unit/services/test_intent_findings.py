"""A tool that makes a test say less is told in the editor, and hovering knows who wrote the line."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import JsonValue

from maestro.app import Services
from maestro_protocol.audit import Finding
from maestro_protocol.base import JsonObject
from maestro_protocol.chat import ChatSendParams
from tests.simulators.fixtures import Simulation
from tests.simulators.replies import Script, ToolCall
from tests.unit.services.editor import FolderEditor, keep_in_git
from tests.unit.services.product import product
from tests.unit.services.test_agent import call

pytestmark = pytest.mark.asyncio

SOURCE = "def total(n):\n    return n * 2\n"
TEST = "from shop import total\n\n\ndef test_total():\n    assert total(7) == 15\n"
SETTINGS: JsonObject = {"tools": {"runCommand": True}}
CI = "on: push\njobs: {}\n"


@dataclass
class DrawingEditor(FolderEditor):
    """Remembers what it is told to draw, by the file's name."""

    drawn: dict[str, list[Finding]] = field(default_factory=dict)

    def publish(self, uri: str, version: int | None, findings: Sequence[Finding]) -> None:
        self.drawn[uri.rpartition("/")[2]] = [*findings]

    def rules(self, name: str) -> list[str]:
        return [finding.rule for finding in self.drawn.get(name, [])]


@dataclass
class Agent:
    services: Services
    simulation: Simulation
    editor: DrawingEditor

    async def runs(self, *calls: ToolCall) -> None:
        self.simulation.say(Script(tool_calls=calls), Script(text="Done."))
        await self.services.chats.send(ChatSendParams(input="Make it pass.", model="openai/gpt-5.5"), None, 0)


@asynccontextmanager
async def agent(home: Path) -> AsyncIterator[Agent]:
    folder = home / "work"
    (folder / "tests").mkdir(parents=True)
    (folder / ".github").mkdir()
    (folder / "shop.py").write_text(SOURCE)
    (folder / "tests" / "test_shop.py").write_text(TEST)
    (folder / ".github" / "action.yml").write_text(CI)
    keep_in_git(folder)
    editor = DrawingEditor(folder)
    editor.answers("allowOnce")
    async with product(home / "state", "openai", in_front=editor, settings=SETTINGS) as (services, [simulation]):
        yield Agent(services, simulation, editor)


def edit(path: str, old: str, new: str, **intent: JsonValue) -> ToolCall:
    declared = {"purpose": "test_pass", "scope": path, "risk_level": "medium", **intent}
    return call("apply_edit", intent=declared, path=path, oldText=old, newText=new)


async def test_a_weakened_test_is_shown_where_it_was_weakened(tmp_path: Path) -> None:
    async with agent(tmp_path) as on:
        await on.runs(edit("tests/test_shop.py", "assert total(7) == 15", "assert total(7)"))
        [found] = on.editor.drawn["test_shop.py"]
        assert found.rule == "intent.test-gaming"
        assert found.range is not None and found.range.start.line == 4
        assert found.intents[0].purpose == "test_pass"
        assert on.services.findings.diagnostics(found.uri) == [found]


async def test_hovering_tells_who_wrote_the_line(tmp_path: Path) -> None:
    async with agent(tmp_path) as on:
        await on.runs(edit("shop.py", "return n * 2", "return n * 2 + 1", rationale="Off by one."))
        file = tmp_path / "work" / "shop.py"
        record = await on.services.written.intent_at(file.as_uri(), file.read_text(), 1)
        assert record is not None and (record.tool, record.rationale) == ("apply_edit", "Off by one.")
        assert await on.services.written.intent_at(file.as_uri(), file.read_text(), 0) is None
        assert on.editor.drawn == {}


async def test_source_that_answers_what_its_test_asks_is_shown(tmp_path: Path) -> None:
    async with agent(tmp_path) as on:
        await on.runs(edit("shop.py", "    return", "    if n == 7:\n        return 15\n    return"))
        assert on.editor.rules("shop.py") == ["intent.test-gaming"]


async def test_everything_that_is_wrong_with_one_call_is_shown(tmp_path: Path) -> None:
    async with agent(tmp_path) as on:
        changed = edit(".github/action.yml", "{}", "{a: {}}", scope="shop.py", risk_level="low", purpose="maintenance")
        await on.runs(changed)
        assert on.editor.rules("action.yml") == ["intent.scope-violation", "intent.risk-understated"]


async def test_a_command_is_judged_by_the_paths_it_wrote(tmp_path: Path) -> None:
    async with agent(tmp_path) as on:
        argv: list[JsonValue] = ["cp", "tests/test_shop.py", "shop.py"]
        declared = {"purpose": "test_pass", "scope": "tests/test_shop.py", "risk_level": "high"}
        await on.runs(call("run_command", intent=declared, argv=argv))
        assert on.editor.rules("shop.py") == ["intent.scope-violation"]


async def test_an_honest_call_shows_nothing(tmp_path: Path) -> None:
    async with agent(tmp_path) as on:
        await on.runs(edit("tests/test_shop.py", "== 15\n", "== 15\n    assert total(0) == 0\n"))
        await on.runs(edit("shop.py", "n * 2", "n * 2 + 1"))
        assert on.editor.drawn == {}
