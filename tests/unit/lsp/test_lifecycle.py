"""The end of the process, and its beginning."""

import asyncio
import os
import subprocess
import sys

import pytest

from maestro import __main__ as entry
from maestro.lsp import lifecycle
from maestro.lsp.lifecycle import is_alive, watch_parent


def sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


@pytest.mark.asyncio
@pytest.mark.parametrize("polled", [False, True])
async def test_the_end_of_the_parent_is_noticed(polled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if polled:
        monkeypatch.setattr(lifecycle, "POLL_SECONDS", 0.01)
        monkeypatch.setattr(lifecycle, "_open", lambda process_id: None)
    gone = asyncio.Event()
    with sleeper() as parent:
        watch_parent(parent.pid, gone.set)
        await asyncio.sleep(0)
        assert not gone.is_set()
        parent.kill()
        parent.wait()
        await asyncio.wait_for(gone.wait(), 30)


@pytest.mark.asyncio
async def test_a_parent_that_is_gone_already() -> None:
    with sleeper() as parent:
        parent.kill()
    gone = asyncio.Event()
    watch_parent(parent.pid, gone.set)
    await asyncio.wait_for(gone.wait(), 30)


@pytest.mark.parametrize(
    ("process_id", "alive"), [(os.getpid(), True), (1, True), (2**40, False)], ids=["self", "init", "nobody"]
)
def test_is_alive(process_id: int, alive: bool) -> None:
    assert is_alive(process_id) is alive


def test_without_a_descriptor_it_is_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert lifecycle._open(os.getpid()) is None
    monkeypatch.setattr(sys, "platform", "linux")
    assert lifecycle._open(2**22 + 1) is None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], None),
        (["--stdio"], None),
        (["--stdio", "--stdio"], None),
        (["--stdio", "--clientProcessId=12"], 12),
        (["--clientProcessId", "12", "--stdio"], 12),
    ],
)
def test_arguments_of_editors(arguments: list[str], expected: int | None) -> None:
    assert entry.client_process(arguments) == expected


@pytest.mark.parametrize("arguments", [["--tcp"], ["--clientProcessId"], ["--clientProcessId=x"], ["x"]])
def test_other_arguments_are_misuse(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["lsp", *arguments]) == 2
    assert "usage:" in capsys.readouterr().err


def test_commands_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert entry.main(["lsp", "--help"]) == 0
    assert entry.main(["--version"]) == 0
    monkeypatch.setattr(sys, "argv", ["maestro", "--print-schema"])
    assert entry.main() == 0
    out = capsys.readouterr().out
    assert "usage: maestro lsp" in out and "maestro 0." in out and "ChatSendParams" in out
    with pytest.raises(SystemExit):
        entry.main(["no-such-command"])
