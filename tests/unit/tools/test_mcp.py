"""MCP servers as tools: real servers in real processes, and what becomes of them when something goes wrong."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import psutil
import pytest
from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.tools.base import Call, Outcome, Surroundings
from maestro.tools.mcp import McpTools
from maestro.tools.mcp_process import COMMAND
from maestro.tools.mcp_state import Patience
from maestro.workspace.gate import Gate
from maestro_protocol.base import JsonObject
from maestro_protocol.settings import Settings
from tests.unit.audit.editor import MemoryEditor
from tests.unit.shape.source import imports, modules

SERVER = Path(__file__).with_name("mcp_server.py")
CANARY = "canary-0123456789"
MEASURED = "COVERAGE_PROCESS_CONFIG"
HOST = (*(["env", f"{MEASURED}={os.environ[MEASURED]}"] if MEASURED in os.environ else []), *COMMAND)
"""The host gets a minimal environment; a measured one needs to know that it is."""
QUICK = Patience(first=0.05, ping=3.0, close=1.0)
WITHOUT_EXTRA = (
    sys.executable,
    "-P",
    "-c",
    "import runpy, sys; sys.modules['mcp'] = None; runpy.run_module('maestro.tools.mcp_host', run_name='__main__')",
)
pytestmark = pytest.mark.asyncio


def stdio(folder: Path, **more: JsonValue) -> JsonObject:
    return {"command": sys.executable, "args": [str(SERVER), str(folder)], **more}


class Bench:
    """Tools over settings that a test may replace."""

    def __init__(self, servers: JsonObject, more: JsonObject, command: Sequence[str]) -> None:
        self.configure(servers, **more)
        editor = MemoryEditor()
        self.held: Sequence[str] = ()
        self.around = Surroundings(Path("/"), Gate(editor), editor, self.settings, {}, lambda: self.held)
        environment = {**os.environ, "OPENAI_API_KEY": f"sk-{CANARY}", "HTTPS_PROXY": f"http://u:{CANARY}@127.0.0.1:9"}
        self.tools = McpTools(lambda: self.settings, environment, command=command, patience=QUICK)

    def configure(self, servers: JsonObject, **more: JsonValue) -> None:
        tools: JsonObject = {"timeoutMs": 30_000, "mcpServers": servers, **more}
        self.settings = Settings.from_wire({"tools": tools})

    async def run(self, name: str, **arguments: JsonValue) -> Outcome:
        tool = next(tool for tool in self.tools.tools() if tool.spec.name == name)
        return await tool.run(Call("call_1", arguments, self.around))

    async def fails(self, name: str) -> MaestroError:
        with pytest.raises(MaestroError) as caught:
            await self.run(name)
        assert caught.value.kind == "toolFailed"
        return caught.value


@asynccontextmanager
async def bench(
    servers: Mapping[str, JsonValue], *, command: Sequence[str] = HOST, **more: JsonValue
) -> AsyncIterator[Bench]:
    """Afterwards no process is left."""
    made = Bench(dict(servers), more, command)
    before = set(psutil.Process().children(recursive=True))
    started: set[psutil.Process] = set()
    try:
        yield made
    finally:
        started = {*psutil.Process().children(recursive=True)} - before
        await made.tools.aclose()
    await gone(started)


async def gone(processes: set[psutil.Process]) -> None:
    """Wait until they have ended."""
    _, left = await asyncio.to_thread(psutil.wait_procs, processes, 20)
    assert left == []


async def until(condition: Callable[[], bool]) -> None:
    """Other processes tell by files and by ending; nothing here can be awaited."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def host() -> psutil.Process:
    (found,) = [one for one in psutil.Process().children() if "maestro.tools.mcp_host" in " ".join(one.cmdline())]
    return found


def servers_of(process: psutil.Process) -> set[psutil.Process]:
    return set(process.children(recursive=True))


async def test_only_the_host_imports_mcp() -> None:
    users = [path.name for path in modules() if any(name.split(".")[0] == "mcp" for name in imports(path))]
    assert users == ["mcp_host.py"]
    script = "import sys, maestro.tools.mcp; print([name for name in sys.modules if name.split('.')[0] == 'mcp'])"
    command = [sys.executable, "-c", script]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_what_lies_in_the_working_directory_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("mcp", "json", "maestro"):
        (tmp_path / f"{module}.py").write_text("import pathlib; pathlib.Path('was-run').touch()")
    monkeypatch.chdir(tmp_path)
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        assert it.tools.problems() == {}
    assert not (tmp_path / "was-run").exists()


async def test_tools_are_listed_and_run(tmp_path: Path) -> None:
    before = psutil.Process().children()
    async with bench({"test": stdio(tmp_path)}) as it:
        assert (it.tools.tools(), psutil.Process().children()) == ([], before), "nothing starts before it is needed"
        await it.tools.refresh()
        assert it.tools.problems() == {}
        specs = {tool.spec.name: tool.spec for tool in it.tools.tools()}
        add = specs["mcp__test__add"]
        assert (add.origin, add.description) == ("mcp", "Add two numbers.")
        assert cast("JsonObject", add.input_schema["properties"]).keys() == {"a", "b"}
        hints = add.annotations
        assert (hints.read_only, hints.destructive, hints.open_world) == (False, False, False)
        worst = specs["mcp__test__fail"].annotations
        assert (worst.read_only, worst.destructive, worst.open_world) == (False, True, True)
        assert await it.run("mcp__test__add", a=1, b=2) == Outcome("3")
        assert await it.run("mcp__test__fail") == Outcome("Error executing tool fail: the disk is full", failed=True)
        assert (await it.run("mcp__test__add", a="x")).failed
        assert (await it.run("mcp__test__picture")).content == "[image image/png 300 bytes]"
        before = (tmp_path / "starts").read_text()
        await it.tools.refresh()
        assert (tmp_path / "starts").read_text() == before


async def test_only_of_a_trusted_server_it_is_believed_that_a_tool_reads(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        for trusted in (False, True, False):
            it.configure({"test": stdio(tmp_path, trusted=trusted)})
            await it.tools.refresh()
            hints = {tool.spec.name: tool.spec.annotations for tool in it.tools.tools()}
            assert hints["mcp__test__add"].read_only is trusted
            assert not hints["mcp__test__fail"].read_only


async def test_secrets_of_ours_that_a_server_found_are_hidden(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        it.held = ("plain-words-of-no-shape",)
        await it.tools.refresh()
        said = await it.run("mcp__test__say", text="it is plain-words-of-no-shape!")
        assert said.content == "it is [redacted]!"


async def test_the_subject_shows_everything(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        tool = next(tool for tool in it.tools.tools() if tool.spec.name == "mcp__test__say")
        subject = await tool.subject(Call("call_1", {"text": "hello", "times": 2}, cast("Surroundings", None)))
        assert (subject.type, subject.tool, subject.input) == ("other", tool.spec.name, {"text": "hello", "times": 2})


async def test_an_unsafe_name_becomes_a_safe_one_and_runs(tmp_path: Path) -> None:
    async with bench({"té st": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        (name,) = [tool.spec.name for tool in it.tools.tools() if "strange" in tool.spec.name]
        assert name.isascii()
        assert (await it.run(name)).content == "strange indeed"


async def test_a_server_gets_its_own_environment_and_nothing_of_ours(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path, env={"OWN": "yes", "TOKEN": "very-private-token"})}) as it:
        await it.tools.refresh()
        content = (await it.run("mcp__test__environment")).content
        environment = json.loads(content)
        assert (environment["OWN"], environment["TOKEN"]) == ("yes", "[redacted]")
        assert environment["PATH"] == os.environ["PATH"]
        assert CANARY not in content
        assert not {"OPENAI_API_KEY", "HTTPS_PROXY", "PYTHONPATH"} & environment.keys()
        for process in (host(), *servers_of(host())):
            assert f"sk-{CANARY}" not in str(process.environ())
            assert "very-private-token" not in str(process.cmdline())


async def test_secrets_are_taken_out_and_the_middle_of_too_much_is_left_out(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}, maxOutputBytes=1024) as it:
        await it.tools.refresh()
        said = await it.run("mcp__test__say", text="key sk-ant-api03-abcdefghijkl ")
        assert said.content == "key [redacted] "
        much = await it.run("mcp__test__say", text="abcdefgh", times=500_000)
        assert "bytes left out" in much.content
        assert len(much.content) < 1100


async def test_cancelling_reaches_the_server(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        call = asyncio.create_task(it.run("mcp__test__wait"))
        await until((tmp_path / "waiting").exists)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until((tmp_path / "cancelled").exists)
        assert await it.run("mcp__test__add", a=1, b=2) == Outcome("3")
        assert len((tmp_path / "starts").read_text().split()) == 1


async def test_a_late_call_does_not_end_those_of_others(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        patient = asyncio.create_task(it.run("mcp__test__wait"))
        await until((tmp_path / "waiting").exists)
        it.configure({"test": stdio(tmp_path)}, timeoutMs=300)
        await it.fails("mcp__test__wait")
        it.configure({"test": stdio(tmp_path)})
        assert await it.run("mcp__test__add", a=1, b=2) == Outcome("3")
        assert not patient.done()
        assert len((tmp_path / "starts").read_text().split()) == 1
        patient.cancel()


async def test_a_tool_that_hangs_is_given_up_and_its_server_started_anew(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        hanging = servers_of(host())
        it.configure({"test": stdio(tmp_path)}, timeoutMs=500)
        late = await it.fails("mcp__test__block")
        assert "did not answer within" in late.message
        it.configure({"test": stdio(tmp_path)})
        assert await it.run("mcp__test__add", a=1, b=2) == Outcome("3")
        await gone(hanging)


async def test_a_server_that_crashes_is_connected_again(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        lost = await it.fails("mcp__test__crash")
        assert it.tools.problems() == {"test": lost.message}
        assert await it.run("mcp__test__add", a=1, b=2) == Outcome("3")
        assert it.tools.problems() == {}


async def test_a_server_that_ended_while_idle_is_not_noticed(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        first = await it.run("mcp__test__pid")
        os.kill(int(first.content), signal.SIGKILL)
        await gone({one for one in servers_of(host()) if one.pid == int(first.content)})
        second = await it.run("mcp__test__pid")
        assert not second.failed
        assert second.content != first.content


async def test_a_host_that_crashes_takes_its_servers_along_and_is_started_again(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        blocked = asyncio.create_task(it.fails("mcp__test__block"))
        await until((tmp_path / "blocking").exists)
        old = {host(), *servers_of(host())}
        host().kill()
        assert "it again" in (await blocked).message
        await gone(old)
        assert await it.run("mcp__test__add", a=1, b=2) == Outcome("3")


async def test_a_host_that_hangs_is_killed_with_its_servers(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        old = {host(), *servers_of(host())}
        host().suspend()
        it.configure({"test": stdio(tmp_path)}, timeoutMs=300)
        await it.fails("mcp__test__pid")
        await gone(old)
        it.configure({"test": stdio(tmp_path)})
        assert await it.run("mcp__test__add", a=1, b=2) == Outcome("3")


async def test_closing_ends_a_host_that_hangs_and_a_server_that_does_not_listen(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        call = asyncio.create_task(it.fails("mcp__test__block"))
        await until((tmp_path / "blocking").exists)
        host().suspend()
    await call


async def test_a_killed_parent_leaves_nothing_behind(tmp_path: Path) -> None:
    wire = {"tools": {"mcpServers": {"test": stdio(tmp_path)}}}
    script = f"""
import asyncio, json, os
from maestro.tools.mcp import McpTools
from maestro_protocol.settings import Settings
from tests.unit.shape.source import imports, modules

async def main():
    settings = Settings.from_wire(json.loads({json.dumps(json.dumps(wire))}))
    await McpTools(lambda: settings, os.environ).call("test", "block", {{}})

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    parent = psutil.Process(process.pid)
    await until((tmp_path / "blocking").exists)
    family = set(parent.children(recursive=True))
    assert len(family) == 2
    process.kill()
    await process.wait()
    await gone(family)


async def test_other_tools_are_noticed(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        assert "mcp__test__grown" not in [tool.spec.name for tool in it.tools.tools()]
        await it.run("mcp__test__grow")
        async with asyncio.timeout(20):
            while "mcp__test__grown" not in [tool.spec.name for tool in it.tools.tools()]:
                await it.tools.refresh()
        assert (await it.run("mcp__test__grown")).content == "new"


async def test_a_server_of_an_older_revision(tmp_path: Path) -> None:
    older: JsonObject = {
        "command": sys.executable,
        "args": [str(SERVER.with_name("mcp_older_server.py")), str(tmp_path)],
    }
    async with bench({"older": older}) as it:
        await it.tools.refresh()
        assert it.tools.problems() == {}
        assert [tool.spec.name for tool in it.tools.tools()] == ["mcp__older__grow"]
        assert await it.run("mcp__older__grow") == Outcome("done")
        async with asyncio.timeout(20):
            while len(it.tools.tools()) == 1:
                await it.tools.refresh()
        call = asyncio.create_task(it.run("mcp__older__wait"))
        await until((tmp_path / "waiting").exists)
        call.cancel()
        await until((tmp_path / "cancelled").exists)


async def test_without_the_extra_one_sentence_says_so(tmp_path: Path) -> None:
    async with bench({"test": stdio(tmp_path)}, command=WITHOUT_EXTRA) as it:
        await it.tools.refresh()
        assert it.tools.tools() == []
        assert "pip install 'the-maestro[mcp]'" in it.tools.problems()["test"]


async def test_a_host_that_cannot_start_or_talks_nonsense_is_a_problem_not_an_exception(tmp_path: Path) -> None:
    for command in (["/nonexistent/python"], [sys.executable, "-c", "print('hello')"]):
        async with bench({"test": stdio(tmp_path)}, command=command) as it:
            await it.tools.refresh()
            assert "The process that runs the MCP servers" in it.tools.problems()["test"]


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ({"command": "no-such-command-anywhere"}, "cannot be started"),
        ({"command": sys.executable, "args": ["-c", "pass"]}, "ended or broke off"),
        ({"url": "http://127.0.0.1:9/mcp"}, "cannot be reached"),
        ({"url": "http://example.com/mcp", "headers": {"X-Key": CANARY}}, "needs either"),
        ({}, "needs either"),
        ({"command": "a", "url": "https://example.com"}, "needs either"),
    ],
)
async def test_what_cannot_be_used_is_told_and_leaves_the_others_alone(
    tmp_path: Path, server: JsonObject, words: str
) -> None:
    async with bench({"bad": server, "good": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        assert list(it.tools.problems()) == ["bad"]
        assert words in it.tools.problems()["bad"]
        assert await it.run("mcp__good__add", a=1, b=2) == Outcome("3")


async def test_a_server_that_never_answers_is_late_and_tried_again_later(tmp_path: Path) -> None:
    silent: JsonObject = {"command": sys.executable, "args": ["-c", "import sys; sys.stdin.read()"]}
    async with bench({"silent": silent}, timeoutMs=1_500) as it:
        await it.tools.refresh()
        assert "did not answer within" in it.tools.problems()["silent"]
        it.configure({"silent": stdio(tmp_path)})
        await it.tools.refresh()
        assert it.tools.problems() == {}


async def test_settings_are_followed(tmp_path: Path) -> None:
    async with bench({"one": stdio(tmp_path)}) as it:
        await it.tools.refresh()
        it.configure({"one": stdio(tmp_path, enabled=False), "two": stdio(tmp_path)})
        old = servers_of(host())
        await it.tools.refresh()
        assert {tool.spec.name.split("__")[1] for tool in it.tools.tools()} == {"two"}
        await gone(old)
        running = host()
        it.configure({"two": stdio(tmp_path)}, enabled=False)
        await it.tools.refresh()
        assert it.tools.tools() == []
        await gone({running})
        with pytest.raises(MaestroError, match="no longer"):
            await it.tools.call("two", "add", {})


async def test_a_server_at_an_address(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (sys.executable, str(SERVER), str(tmp_path), str(port))
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        await until(lambda: _answers(port))
        address: JsonObject = {"url": f"http://127.0.0.1:{port}/mcp", "headers": {"Authorization": f"Bearer {CANARY}"}}
        async with bench({"web": address}) as it:
            await it.tools.refresh()
            assert it.tools.problems() == {}
            assert await it.run("mcp__web__add", a=1, b=2) == Outcome("3")
            assert (await it.run("mcp__web__say", text=f"it is {CANARY}!")).content == "it is [redacted]!"
            call = asyncio.create_task(it.run("mcp__web__wait"))
            await until((tmp_path / "waiting").exists)
            call.cancel()
            await until((tmp_path / "cancelled").exists)
    finally:
        process.kill()
        await process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
