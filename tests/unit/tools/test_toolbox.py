"""The tools there are: built in, the editor's own, and others; which are offered, and why some are not."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.tools.base import Tool
from maestro.tools.builtin import built_in
from maestro.tools.client import ClientTool
from maestro.tools.toolbox import Toolbox
from maestro_protocol.chat import ToolSelection
from maestro_protocol.intents import Intent
from maestro_protocol.tools import ToolAnnotations, ToolRegistration
from tests.unit.tools.surroundings import KEY, Workspace

SCHEMA: dict[str, JsonValue] = {"type": "object", "properties": {"name": {"type": "string"}}}
ALWAYS = ["read_file", "list_files", "search", "diagnostics", "apply_edit"]


def registration(name: str, **fields: JsonValue) -> ToolRegistration:
    return ToolRegistration.from_wire({"name": name, "description": "Does it.", "inputSchema": SCHEMA, **fields})


def toolbox(here: Workspace, more: Sequence[Tool] = ()) -> Toolbox:
    here.editor.features = frozenset(("clientTools",))
    return Toolbox(built_in(dict), here.editor, lambda: here.settings, lambda: more)


def reasons(box: Toolbox) -> dict[str, str | None]:
    infos = box.infos()
    assert all(info.enabled == (info.reason is None) for info in infos)
    assert list(box.offered()) == [info.name for info in infos if info.enabled]
    return {info.name: info.reason for info in infos}


def test_what_is_off_says_why(here: Workspace) -> None:
    box = toolbox(here)
    assert reasons(box) == {
        **dict.fromkeys(ALWAYS),
        "run_command": "Commands are off; the setting `tools.runCommand` allows them.",
        "fetch_url": "Fetching is off; the setting `tools.fetchUrl` allows it.",
    }
    here.set(runCommand=True, fetchUrl=True)
    assert set(reasons(box).values()) == {None}
    here.editor.folders = ()
    assert reasons(box) == {
        **dict.fromkeys([*ALWAYS, "run_command"], "No folder is open, and this tool works in one."),
        "fetch_url": None,
    }
    here.editor.trusted = False
    assert set(reasons(box).values()) == {"The workspace is not trusted, so no tool runs in it."}
    here.set(enabled=False)
    assert set(reasons(box).values()) == {"Tools are off; the setting `tools.enabled` allows them."}


def test_a_client_registers_its_tools_and_takes_them_back(here: Workspace) -> None:
    box = toolbox(here)
    assert box.register([registration("open_tabs"), registration("diagnostics", annotations={"readOnly": True})]) == [
        "open_tabs",
        "diagnostics",
    ]
    origins = {info.name: info.origin for info in box.infos()}
    assert (origins["open_tabs"], origins["diagnostics"], origins["read_file"]) == ("client", "client", "builtIn")
    assert isinstance(box.offered()["diagnostics"], ClientTool)
    result = box.unregister(["diagnostics", "read_file", "nothing", "diagnostics"])
    assert (result.unregistered, result.not_found) == (["diagnostics"], ["read_file", "nothing"])
    assert not isinstance(box.offered()["diagnostics"], ClientTool)
    here.editor.trusted = False
    assert "open_tabs" not in box.offered()


@pytest.mark.parametrize(
    ("tools", "path", "what"),
    [
        ([registration("read_file")], "tools[0].name", "is the name of a built-in tool"),
        ([registration("a"), registration("run_command")], "tools[1].name", "is the name of a built-in tool"),
        ([registration("a"), registration("a")], "tools[1].name", "stands in the list twice"),
        ([registration("a", inputSchema={})], "tools[0].inputSchema", "must be the JSON Schema of an object"),
        (
            [registration("a", inputSchema={"type": "object", "properties": {"intent": {}}})],
            "tools[0].inputSchema.properties.intent",
            "is asked for by Maestro itself",
        ),
    ],
)
def test_a_tool_that_cannot_be_taken_is_refused_with_all_others(
    here: Workspace, tools: list[ToolRegistration], path: str, what: str
) -> None:
    box = toolbox(here)
    with pytest.raises(MaestroError) as caught:
        box.register(tools)
    assert (caught.value.code, caught.value.message) == (-32602, f"A tool cannot be registered: `{path}` {what}.")
    assert {info.origin for info in box.infos()} == {"builtIn"}


def test_tools_need_a_client_that_declared_them(here: Workspace) -> None:
    box = toolbox(here)
    here.editor.features = frozenset()
    with pytest.raises(MaestroError) as caught:
        box.register([registration("open_tabs")])
    assert caught.value.code == 4703


def test_tools_of_servers_are_offered_and_replace_none(here: Workspace) -> None:
    def served(name: str) -> ClientTool:
        return ClientTool(registration(name), here.editor)

    box = toolbox(here, [served("server_tool"), served("read_file"), served("open_tabs")])
    box.register([own := registration("open_tabs")])
    offered = box.offered()
    assert list(offered) == [*ALWAYS, "open_tabs", "server_tool"]
    assert not isinstance(offered["read_file"], ClientTool)
    assert offered["open_tabs"].spec.description == own.description


def test_a_selection_allows_and_denies(here: Workspace) -> None:
    box = toolbox(here)
    assert list(box.offered(ToolSelection(allow=["search", "read_file"]))) == ["read_file", "search"]
    assert list(box.offered(ToolSelection(allow=[]))) == []
    assert list(box.offered(ToolSelection(deny=["apply_edit", "no_such"]))) == ALWAYS[:-1]
    assert list(box.offered(ToolSelection(allow=["search"], deny=["search"]))) == []


def test_what_is_allowed_and_not_there_is_an_error(here: Workspace) -> None:
    box = toolbox(here)
    with pytest.raises(MaestroError) as caught:
        box.offered(ToolSelection(allow=["canary"]))
    assert caught.value.code == 4402
    assert caught.value.data.candidates == ALWAYS
    assert "canary" not in caught.value.message
    with pytest.raises(MaestroError) as caught:
        box.offered(ToolSelection(allow=["run_command"]))
    assert caught.value.message == (
        "The tool `run_command` cannot be used now: Commands are off; the setting `tools.runCommand` allows them."
    )


@pytest.mark.asyncio
async def test_a_tool_of_the_editor_is_run_by_it(here: Workspace, tmp_path: Path) -> None:
    here.set(timeoutMs=5_000)
    here.editor.answer = lambda method, params: {"content": f"three tabs, {KEY}"}
    tool = ClientTool(registration("open_tabs"), here.editor)
    call = here.call(name="x")
    object.__setattr__(call, "intent", Intent(purpose="maintenance", scope="*", risk_level="low"))
    outcome = await tool.run(call)
    assert outcome.content.startswith("three tabs, MSK00000")
    here.held = ("plain-words-of-no-shape",)
    here.editor.answer = lambda method, params: {"content": "in plain-words-of-no-shape"}
    assert (await tool.run(here.call(name="x"))).content == "in [redacted]"
    assert not outcome.failed
    method, params, timeout = here.editor.called[0]
    assert (method, timeout) == ("maestro/tool/invoke", 5.0)
    assert params == {
        "toolCallId": "call_1",
        "name": "open_tabs",
        "input": {"name": "x"},
        "intent": {"purpose": "maintenance", "scope": "*", "riskLevel": "low"},
        "timeoutMs": 5_000,
        "chatId": "chat_1",
    }


@pytest.mark.asyncio
async def test_what_the_editor_answers_is_checked(here: Workspace) -> None:
    tool = ClientTool(registration("open_tabs"), here.editor)
    here.set(maxOutputBytes=1024)
    here.editor.answer = lambda method, params: {"content": "line\n" * 10_000, "isError": True}
    outcome = await here.run(tool)
    assert outcome.failed
    assert len(outcome.content) < 1_200
    here.editor.answer = lambda method, params: {"text": "no content"}
    with pytest.raises(MaestroError) as caught:
        await here.run(tool)
    assert caught.value.code == 4403
    here.editor.answer = None
    with pytest.raises(MaestroError) as caught:
        await here.run(tool)
    assert caught.value.code == 4405


@pytest.mark.asyncio
async def test_what_the_editors_tool_would_do_is_told(here: Workspace) -> None:
    reads = ToolAnnotations(read_only=True, destructive=False, open_world=False).to_wire()
    for annotations, kind in ((reads, "read"), (ToolAnnotations().to_wire(), "other")):
        tool = ClientTool(registration("open_tabs", annotations=annotations), here.editor)
        subject = await tool.subject(here.call(name="x"))
        assert (subject.type, subject.tool, subject.input) == (kind, "open_tabs", {"name": "x"})
