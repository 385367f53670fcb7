"""`run_command`: real programs that print, hang, hide their children, flood, and are given metacharacters."""

import asyncio
import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from pydantic import JsonValue

from maestro.errors import MaestroError
from maestro.redact import MASK
from maestro.tools.base import Outcome
from maestro.tools.families import MARK
from maestro.tools.run_command import RunCommand
from maestro_protocol.intents import Observed
from tests.unit.tools.hiding import DOUBLE_FORK, HANG, lives, number_in
from tests.unit.tools.surroundings import KEY, Workspace, cancelled

pytestmark = pytest.mark.asyncio
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


@pytest.fixture(autouse=True)
def on(here: Workspace) -> None:
    here.set(runCommand=True)


async def python(here: Workspace, program: str, *arguments: str, timeout: int | None = None) -> Outcome:
    return await here.run(RunCommand(), argv=[sys.executable, "-c", program, *arguments], timeoutMs=timeout)


async def refusal(here: Workspace, *argv: str) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        await here.run(RunCommand(), argv=[*argv])
    return caught.value


@pytest.fixture(autouse=True)
def usable_python(here: Workspace) -> None:
    here.environment = {**here.environment, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


async def test_output_and_exit_code_come_back(here: Workspace) -> None:
    outcome = await python(
        here, "import sys; print('out', flush=True); print('err', file=sys.stderr, flush=True); print('end')"
    )
    first, *lines = outcome.content.split("\n")
    assert first.startswith("The command ended with exit code 0 after ")
    assert lines == ["out", "err", "end", ""]
    assert not outcome.failed
    assert "".join(here.printed) == "out\nerr\nend\n"
    assert outcome.observed is not None
    assert outcome.observed.exit_code == 0
    assert outcome.observed.commands is not None
    assert outcome.observed.commands[0].endswith("end'\"'\"')'")


async def test_a_failure_is_one(here: Workspace) -> None:
    outcome = await python(here, "raise SystemExit(3)")
    assert outcome.failed
    assert outcome.content.startswith("The command ended with exit code 3 after ")
    assert outcome.content.endswith("\n(no output)")
    outcome = await python(here, "import os; os.kill(os.getpid(), 9)")
    assert outcome.failed
    assert outcome.content.startswith("The command was ended by SIGKILL after ")


async def test_nothing_is_read_by_a_shell(here: Workspace) -> None:
    argv: list[JsonValue] = ["printf", "%s|", "$HOME", "`id`", "$(id)", "a;b", "*", "&&", "> x", "'q'"]
    outcome = await here.run(RunCommand(), argv=argv)
    assert outcome.content.endswith("\n$HOME|`id`|$(id)|a;b|*|&&|> x|'q'|")
    assert list(here.folder.iterdir()) == []


async def test_it_runs_in_the_folder_with_an_empty_input(here: Workspace) -> None:
    outcome = await python(
        here, "import os, sys; print(os.getcwd(), repr(sys.stdin.read()), os.getsid(0) == os.getpid())"
    )
    assert outcome.content.endswith(f"\n{here.folder} '' True\n")


async def test_secrets_of_the_environment_are_not_passed_on(here: Workspace) -> None:
    here.environment = {
        **here.environment,
        "OPENAI_API_KEY": "harmless-looking-value",
        "MAESTRO_HOME": "/maestro",
        "LANG": "C.UTF-8",
        "VIRTUAL_ENV": "/venv",
        "DATABASE_URL": "postgres://me:hunter2@db/x",
    }
    outcome = await python(here, "import os; print('\\n'.join(f'{k}={v}' for k, v in os.environ.items()))")
    names = {line.partition("=")[0] for line in outcome.content.split("\n")[1:]}
    assert {"PATH", "HOME", "LANG", "VIRTUAL_ENV", MARK} <= names
    assert not {"OPENAI_API_KEY", "MAESTRO_HOME", "DATABASE_URL"} & names


async def test_secrets_in_the_output_are_hidden(here: Workspace) -> None:
    here.environment = {**here.environment, "OPENAI_API_KEY": "harmless-looking-value"}
    here.write(
        "a.txt",
        f"{KEY}\nharmless-looking-value\n-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----\n",
    )
    outcome = await here.run(RunCommand(), argv=["cat", "a.txt"])
    for shown in (outcome.content, "".join(here.printed)):
        assert "-----END PRIVATE KEY-----" in shown
        assert not any(secret in shown for secret in (KEY, "harmless-looking-value", "MIIEvQIBADANBg"))


async def test_what_it_wrote_is_observed(here: Workspace) -> None:
    here.write("gone.txt", "")
    here.write("same.txt", "")
    here.write(".gitignore", "ignored")
    program = "import os; os.remove('gone.txt'); open('new.txt', 'w'); open('ignored', 'w')"
    outcome = await python(here, program)
    assert outcome.observed is not None
    assert outcome.observed.paths == ["gone.txt", "new.txt"]
    assert outcome.observed.partial is None


async def test_output_shows_while_it_runs(here: Workspace) -> None:
    seen = asyncio.Event()
    call = here.call(argv=[sys.executable, "-c", HANG, "pid"])
    object.__setattr__(call, "print", lambda text: seen.set())
    running = asyncio.create_task(RunCommand().run(call))
    async with asyncio.timeout(20):
        await seen.wait()
    assert not running.done()
    await cancelled(running)


@on_linux
async def test_when_its_time_is_up_all_its_children_end(here: Workspace) -> None:
    before = time.monotonic()
    outcome = await python(here, HANG, "pid", timeout=700)
    assert outcome.failed
    assert outcome.content == (
        "Its time of 0.7 s was up, so the command and everything it started was ended.\nforked\n"
    )
    assert outcome.observed is not None
    assert outcome.observed.exit_code is None
    assert not lives(await number_in(here.folder / "pid"))
    assert time.monotonic() - before < 5


@on_linux
async def test_cancelling_ends_all_its_children_at_once(here: Workspace) -> None:
    running = asyncio.create_task(python(here, HANG, "pid"))
    hidden = await number_in(here.folder / "pid")
    await cancelled(running)
    assert not lives(hidden)


@on_linux
async def test_cancelling_does_not_wait_for_who_ignores_it(here: Workspace) -> None:
    program = (
        "import os, signal, sys, time; signal.signal(15, signal.SIG_IGN); "
        "open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    )
    running = asyncio.create_task(python(here, program, "pid"))
    process = await number_in(here.folder / "pid")
    running.cancel()
    await asyncio.sleep(0)
    await cancelled(running)  # twice is as good as once
    assert not lives(process)


@pytest.mark.parametrize("rounds", [0, 1, 2, 3, 5, 8, 13])
async def test_cancelling_while_it_starts_leaves_nothing(here: Workspace, rounds: int) -> None:
    running = asyncio.create_task(here.run(RunCommand(), argv=["sleep", "600"]))
    for _ in range(rounds):
        await asyncio.sleep(0.001)
    await cancelled(running)
    assert not [one for one in psutil.Process().children(recursive=True) if "600" in one.cmdline()]


@on_linux
async def test_nothing_is_left_running_after_a_normal_end(here: Workspace) -> None:
    """The daemon holds the pipe, and would hold up whoever waits for its end."""
    before = time.monotonic()
    outcome = await python(here, DOUBLE_FORK, "pid")
    assert outcome.content.split("\n")[1:] == ["It left 1 process(es) running, which were ended.", "forked", ""]
    assert not outcome.failed
    assert not lives(await number_in(here.folder / "pid"))
    assert time.monotonic() - before < 5


@on_linux
async def test_a_background_child_with_another_environment_ends_too(here: Workspace) -> None:
    outcome = await here.run(RunCommand(), argv=["sh", "-c", "env -i sleep 600 & echo $! > pid"])
    assert "It left 1 process(es) running, which were ended." in outcome.content
    assert not lives(await number_in(here.folder / "pid"))


@on_linux
async def test_a_child_in_another_session_with_another_environment_ends_with_its_parent(here: Workspace) -> None:
    hidden = "env -i setsid /bin/sh -c 'echo $$ > pid; exec sleep 600'; true"
    running = asyncio.create_task(here.run(RunCommand(), argv=["sh", "-c", hidden]))
    process = await number_in(here.folder / "pid")
    await cancelled(running)
    assert not lives(process)


@on_linux
async def test_one_that_cannot_be_found_holds_nothing_up(here: Workspace) -> None:
    """In another session, orphaned, with an empty environment, and the pipe still open."""
    program = DOUBLE_FORK.replace("time.sleep(600)", "os.execve('/bin/sleep', ['sleep', '600'], {})")
    before = time.monotonic()
    outcome = await python(here, program, "pid")
    assert outcome.content.endswith("forked\n")
    assert time.monotonic() - before < 5
    psutil.Process(await number_in(here.folder / "pid")).kill()


async def test_a_flood_is_kept_small_and_drained(here: Workspace) -> None:
    here.set(runCommand=True, maxOutputBytes=10_000)
    program = (
        "import sys\nprint('first')\nfor n in range(1600): sys.stdout.write('flood of text\\n' * 4681)\nprint('last')"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = await python(here, program)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # kB
    assert len(outcome.content) < 11_000
    lines = outcome.content.split("\n")
    assert lines[1] == "first"
    assert lines[-2] == "last"
    gap = next(line for line in lines if "left out" in line)
    assert gap.startswith("[… 104,") and gap.endswith(" bytes left out …]")
    assert set(lines[2:-2]) - {gap} == {"flood of text"}
    shown = "".join(here.printed)
    assert 9_000 < len(shown) < 11_000
    assert shown.endswith("flood of text\n[more is not shown while it runs]\n")


async def test_what_is_no_text_does_not_hurt(here: Workspace) -> None:
    outcome = await python(here, "import sys; sys.stdout.buffer.write(b'caf\\xc3\\xa9 \\xff\\n')")
    assert outcome.content.endswith("\ncafé \ufffd\n")


async def test_the_setting_limits_the_time(here: Workspace) -> None:
    here.set(runCommand=True, timeoutMs=300)
    outcome = await here.run(RunCommand(), argv=["sleep", "600"], timeoutMs=600_000)
    assert outcome.content.startswith("Its time of 0.3 s was up")


async def test_what_cannot_be_started_is_told(here: Workspace) -> None:
    error = await refusal(here, "no-such-program-anywhere")
    assert (error.code, error.message) == (
        4403,
        "There is no such program; `argv[0]` is looked up on PATH, and no shell is there to know built-ins.",
    )
    here.write("not-executable", "")
    error = await refusal(here, "./not-executable")
    assert error.message == "The program may not be executed: it is a folder, or not marked as executable."
    here.write("no-format", b"\x01\x02").chmod(0o755)
    error = await refusal(here, "./no-format")
    assert error.message.startswith("The operating system refused to start the program")


async def test_a_program_named_by_its_path_lies_in_the_workspace_or_on_path(here: Workspace, tmp_path: Path) -> None:
    script = here.write("bin/tool", "#!/bin/sh\necho tool\n")
    script.chmod(0o755)
    (here.folder / "link").symlink_to(tmp_path)
    outside = tmp_path / "outside"
    outside.write_text("#!/bin/sh\necho outside\n")
    outside.chmod(0o755)
    assert (await here.run(RunCommand(), argv=["bin/tool"])).content.endswith("tool\n")
    assert (await here.run(RunCommand(), argv=[str(script)])).content.endswith("tool\n")
    assert (await here.run(RunCommand(), argv=["/bin/echo", "on path"])).content.endswith("on path\n")
    for path in ("../outside", str(outside), "link/outside", "bin/../../outside"):
        error = await refusal(here, path)
        assert error.code == 4406, path
        assert error.message == "The program lies neither in the workspace nor on PATH; name one that does."
    assert (await refusal(here, "tool")).code == 4403  # the folder itself is not on PATH


async def test_what_names_no_program_is_told(here: Workspace) -> None:
    for argv in (["", "a"], ["echo", "a\0b"]):
        assert (await refusal(here, *argv)).code == -32602
    assert (await refusal(here)).code == -32602


async def test_it_is_off_unless_allowed(here: Workspace) -> None:
    here.set()
    error = await refusal(here, "true")
    assert (error.code, error.message) == (4401, "Commands are off; the setting `tools.runCommand` allows them.")


async def test_a_command_is_told_as_it_would_run(here: Workspace) -> None:
    subject = await RunCommand().subject(here.call(argv=["rm", "-rf", "."]))
    assert (subject.type, subject.argv, subject.cwd) == ("command", ["rm", "-rf", "."], str(here.folder))


async def test_what_the_name_leads_to_is_what_was_asked_for(here: Workspace) -> None:
    for name in ("tool", "other"):
        here.write(f"bin/{name}", f"#!/bin/sh\necho {name}\n").chmod(0o755)
    here.environment = {**here.environment, "PATH": f"bin{os.pathsep}{here.environment['PATH']}"}
    calls = [await here.asked(RunCommand(), argv=[name]) for name in ("bin/tool", "tool")]
    for call in calls:
        assert call.subject is not None
        assert call.subject.uri == here.uri("bin/tool")
        assert (await RunCommand().run(call)).content.endswith("tool\n")
    (here.folder / "bin" / "tool").unlink()
    (here.folder / "bin" / "tool").symlink_to("other")
    for call in calls:
        with pytest.raises(MaestroError) as caught:
            await RunCommand().run(call)
        assert caught.value.code == -32801
    for argv in (["echo", "b"], ["bin/other"]):
        with pytest.raises(MaestroError) as caught:
            await RunCommand().run(replace(await here.asked(RunCommand(), argv=["echo", "a"]), input={"argv": [*argv]}))
        assert caught.value.code == -32801


async def test_a_folder_that_became_a_link_is_not_run_in(here: Workspace, tmp_path: Path) -> None:
    call = await here.asked(RunCommand(), argv=["touch", "a"])
    (tmp_path / "elsewhere").mkdir()
    here.folder.rmdir()
    here.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MaestroError) as caught:
        await RunCommand().run(call)
    assert caught.value.code == -32801
    assert os.listdir(tmp_path / "elsewhere") == []


async def test_secrets_the_server_holds_are_hidden_in_every_form(here: Workspace) -> None:
    here.held = ("plain-words-of-no-shape" * 4,)
    here.write("a.txt", here.held[0])
    for argv in (
        ["cat", "a.txt"],
        ["base64", "a.txt"],
        ["rev", "a.txt"],
        ["od", "-An", "-v", "-tx1", "-w999", "a.txt"],
    ):
        outcome = await here.run(RunCommand(), argv=[*argv])
        assert "exit code 0" in outcome.content
        if argv[0] != "od":  # blanks between the digits are another form
            assert MASK in outcome.content
        assert not any(part in outcome.content for part in ("plain", "nialp", "cGxhaW4t"))


async def cancelled_after(here: Workspace, argv: list[JsonValue], file: str) -> list[Observed]:
    heard: list[Observed] = []
    call = replace(here.call(argv=argv), observe=heard.append)
    running = asyncio.create_task(RunCommand().run(call))
    await number_in(here.folder / file)
    await cancelled(running)
    return heard


async def test_what_a_cancelled_command_wrote_is_observed(here: Workspace) -> None:
    here.write("kept.txt", "")
    (heard,) = await cancelled_after(here, ["sh", "-c", "echo 1 > one; echo 1 > pid; sleep 600"], "pid")
    assert (heard.paths, heard.exit_code, heard.partial) == (["one", "pid"], None, None)
    assert heard.commands == ["sh -c 'echo 1 > one; echo 1 > pid; sleep 600'"]


async def test_what_wrote_until_its_time_was_up_is_observed(here: Workspace) -> None:
    outcome = await here.run(RunCommand(), argv=["sh", "-c", "echo 1 > one; sleep 600"], timeoutMs=500)
    assert outcome.observed is not None
    assert (outcome.observed.paths, outcome.observed.exit_code) == (["one"], None)


@on_linux
async def test_what_guards_a_command_ends_with_it(here: Workspace) -> None:
    before = {*psutil.Process().children(recursive=True)}
    await here.run(RunCommand(), argv=["true"])
    assert {*psutil.Process().children(recursive=True)} <= before
